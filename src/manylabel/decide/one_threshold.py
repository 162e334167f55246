"""One threshold for all labels."""

from __future__ import annotations

import numpy as np

from manylabel.decide.examples import Examples


def best_micro_f1(examples: Examples) -> np.float32:
    """The threshold of the largest micro-F1: all scores are walked from the highest down (exact)."""
    present = examples.present
    scores, hits = examples.topk.scores[present], examples.hits[present]
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    f1 = 2.0 * np.cumsum(hits[order]) / (np.arange(1, len(scores) + 1) + examples.truth.nnz)
    last_of_equal = np.append(scores[1:] < scores[:-1], True)
    f1[~last_of_equal] = -1.0
    best = int(np.argmax(f1))
    if best + 1 == len(scores):
        return scores[best]
    middle = np.float32(0.5) * (scores[best] + scores[best + 1])
    return middle if middle > scores[best + 1] else scores[best]
