"""The best candidates of each document, as top-k."""

from __future__ import annotations

import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.core.compiled import compiled
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.linear.best_list import insert_all


def best_candidates(candidates: Candidates, scores: np.ndarray, k: int, labels: LabelSpace) -> TopK:
    """The k candidates of each document with the highest scores, ties by label.

    Args:
        candidates: of n documents.
        scores: float32, a probability for each candidate.
        k: how many.
        labels: the label space.
    """
    indices = np.full((len(candidates), k), NO_LABEL, np.int32)
    values = np.full((len(candidates), k), -np.inf, np.float32)
    _best(candidates.indptr, candidates.labels, scores, indices, values)
    return TopK(indices, values, "probability", labels)


@compiled
def _best(indptr: np.ndarray, labels: np.ndarray, scores: np.ndarray, indices: np.ndarray, values: np.ndarray) -> None:
    for i in range(indices.shape[0]):
        offered = slice(indptr[i], indptr[i + 1])
        insert_all(indices[i], values[i], scores[offered], 0, labels[offered])
