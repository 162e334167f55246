"""What methods must find, by plain loops over dense arrays."""

import numpy as np


def dense(examples):
    """Scores (``-inf`` where not listed) and truth, both ``[n, L]``."""
    scores = np.full((len(examples), len(examples.labels)), -np.inf, np.float32)
    rows, columns = np.nonzero(examples.present)
    scores[rows, examples.topk.indices[rows, columns]] = examples.topk.scores[rows, columns]
    return scores, examples.truth.toarray()[:, : len(examples.labels)]


def f1(chosen, true):
    """F1 of two bool arrays, 0 where it is 0/0."""
    total = chosen.sum() + true.sum()
    return 2 * (chosen & true).sum() / total if total else 0.0
