"""The mean of several trees' probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.core.topk import NO_LABEL
from manylabel.linear.best_list import insert


def average(lists: Sequence[tuple[np.ndarray, np.ndarray]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Average lists of scored labels; a label that a list lacks counts as 0 there.

    Args:
        lists: pairs of labels int32 ``[n, m]`` (-1 pads) and probabilities float32 ``[n, m]``.
        k: labels to keep.

    Returns:
        Labels int32 ``[n, k]`` and mean probabilities float32 ``[n, k]``, best first, ties by label index.
    """
    nodes = np.concatenate([pair[0] for pair in lists], axis=1)
    scores = np.concatenate([pair[1] for pair in lists], axis=1)
    best = np.full((len(nodes), k), NO_LABEL, dtype=np.int32)
    best_scores = np.full((len(nodes), k), -np.inf, dtype=np.float32)
    _average(nodes, scores, np.float32(1.0 / len(lists)), best, best_scores)
    return best, best_scores


@compiled
def _average(nodes: np.ndarray, scores: np.ndarray, share: float, best: np.ndarray, best_scores: np.ndarray) -> None:
    for row in range(nodes.shape[0]):
        order = np.argsort(nodes[row], kind="mergesort")  # stable: equal labels are added in the order of the lists
        place = 0
        while place < order.shape[0]:
            label = nodes[row, order[place]]
            total = np.float32(0.0)
            while place < order.shape[0] and nodes[row, order[place]] == label:
                if label >= 0:
                    total += scores[row, order[place]]
                place += 1
            if label >= 0:
                insert(best[row], best_scores[row], label, total * share)
