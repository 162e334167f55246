"""The best candidates of each document, as top-k."""

from __future__ import annotations

import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import NO_LABEL, TopK


def best_candidates(candidates: Candidates, scores: np.ndarray, k: int, labels: LabelSpace) -> TopK:
    """The k candidates of each document with the highest scores, ties by label.

    Args:
        candidates: of n documents.
        scores: float32, a probability for each candidate.
        k: how many.
        labels: the label space.
    """
    order = np.lexsort((candidates.labels, -scores, candidates.rows))
    lengths = np.diff(candidates.indptr)
    place = np.arange(len(order)) - np.repeat(candidates.indptr[:-1], lengths)
    kept = place < k
    indices = np.full((len(candidates), k), NO_LABEL, np.int32)
    values = np.full((len(candidates), k), -np.inf, np.float32)
    indices[candidates.rows[kept], place[kept]] = candidates.labels[order][kept]
    values[candidates.rows[kept], place[kept]] = scores[order][kept]
    return TopK(indices, values, "probability", labels)
