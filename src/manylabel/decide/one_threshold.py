"""One threshold for all labels."""

from __future__ import annotations

import numpy as np

from manylabel.decide.examples import Examples

_FIRST = 4


def best_micro_f1(examples: Examples) -> np.float32:
    """The threshold of the largest micro-F1 (exact).

    Scores are walked from the highest down. With m labels assigned and P true ones, F1 is at most 2P / (m + P), so that
    few of the scores need to be sorted.
    """
    scores, hits = examples.topk.scores.ravel(), examples.hits.ravel()
    n, true = int(examples.present.sum()), examples.truth.nnz
    size = min(n, _FIRST * true)
    while True:
        # One more than is walked, to know whether the last score goes on.
        highest = np.argpartition(-scores, min(size, n - 1))[: min(size + 1, n)]
        order = highest[np.argsort(-scores[highest], kind="stable")]
        threshold, f1 = _best_of(scores[order], hits[order], true, whole=size == n)
        needed = n if f1 <= 0 else min(n, int(2 * true / f1 - true) + 1)
        if size >= needed:
            return threshold
        size = needed


def _best_of(scores: np.ndarray, hits: np.ndarray, true: int, *, whole: bool) -> tuple[np.float32, float]:
    """The best threshold on falling scores, and its F1; unless they are the whole, the last one is only a neighbour."""
    f1 = 2.0 * np.cumsum(hits) / (np.arange(1, len(scores) + 1) + true)
    f1[np.append(scores[1:] == scores[:-1], not whole)] = -1.0
    best = int(np.argmax(f1))
    if best + 1 == len(scores):
        return scores[best], float(f1[best])
    middle = np.float32(0.5) * (scores[best] + scores[best + 1])
    return middle if middle > scores[best + 1] else scores[best], float(f1[best])
