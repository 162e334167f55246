"""Label sets of a top-k, as an evaluation makes them."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.topk import TopK
from manylabel.runs.evaluate_config import EvaluateConfig


def label_sets(topk: TopK, config: EvaluateConfig, n_labels: int) -> csr_matrix:
    """bool CSR ``[n, L]``: the first n labels, or those with at least the threshold's score, as the section says."""
    if config.top_n is not None:
        chosen = topk.indices >= 0
        chosen[:, config.top_n :] = False
    else:
        chosen = (topk.indices >= 0) & (topk.scores >= np.float32(threshold_of(topk, config)))
    return as_matrix(topk, chosen, n_labels)


def threshold_of(topk: TopK, config: EvaluateConfig) -> float:
    """The score from which a label is in the set."""
    return topk.default_threshold if config.threshold is None else config.threshold


def as_matrix(topk: TopK, chosen: np.ndarray, n_labels: int) -> csr_matrix:
    """bool CSR ``[n, L]`` of the chosen entries, bool ``[n, k]``, of a top-k."""
    indptr = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))])
    indices = topk.indices[chosen]
    matrix = csr_matrix((np.ones(len(indices), dtype=bool), indices, indptr), shape=(topk.n, n_labels))
    matrix.sort_indices()
    return matrix
