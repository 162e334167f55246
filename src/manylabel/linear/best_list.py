"""The short sorted list of best candidates that every search keeps per document."""

from __future__ import annotations

import numpy as np

from manylabel.core.compiled import compiled


@compiled
def order_ties(nodes: np.ndarray, scores: np.ndarray) -> None:
    """Put equal scores of sorted lists ``[n, k]`` into the order of their nodes, where rounding has made them equal."""
    for row in range(nodes.shape[0]):
        for place in range(1, nodes.shape[1]):
            back = place
            while (
                back > 0
                and nodes[row, back] >= 0
                and scores[row, back] == scores[row, back - 1]
                and nodes[row, back] < nodes[row, back - 1]
            ):
                nodes[row, back], nodes[row, back - 1] = nodes[row, back - 1], nodes[row, back]
                back -= 1


@compiled
def insert(nodes: np.ndarray, scores: np.ndarray, node: int, score: float) -> None:
    """Put a candidate into a list kept sorted by falling score, then rising index."""
    last = nodes.shape[0] - 1
    if nodes[last] >= 0 and (score < scores[last] or (score == scores[last] and node > nodes[last])):
        return
    place = last
    while place > 0 and (
        nodes[place - 1] < 0 or scores[place - 1] < score or (scores[place - 1] == score and nodes[place - 1] > node)
    ):
        nodes[place] = nodes[place - 1]
        scores[place] = scores[place - 1]
        place -= 1
    nodes[place] = node
    scores[place] = score


@compiled
def insert_all(nodes: np.ndarray, scores: np.ndarray, offered: np.ndarray, first: int, names: np.ndarray) -> None:
    """Offer many candidates to a list.

    Args:
        nodes: int32, the list.
        scores: float32, the list.
        offered: float32, a score for each candidate; ``-inf`` is never taken.
        first: number of the first candidate.
        names: what to put for each number; empty where the numbers themselves do.
    """
    last = nodes.shape[0] - 1
    # Nearly all candidates are beaten by a full list: they must not cost a call.
    bound = scores[last] if nodes[last] >= 0 else np.float32(-np.inf)
    for c in range(offered.shape[0]):
        if offered[c] < bound or offered[c] == -np.inf:
            continue
        insert(nodes, scores, names[first + c] if names.shape[0] > 0 else np.int32(first + c), offered[c])
        if nodes[last] >= 0:
            bound = scores[last]
