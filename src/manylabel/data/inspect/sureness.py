"""How sure models are of labels of documents they did not see: scores, turned into shares of labels that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.data.inspect.options import InspectOptions
from manylabel.metrics.groups import groups_of

if TYPE_CHECKING:
    from manylabel.data.inspect.inspected import UnseenScores

_LOWEST = 0.05
_PER_BIN, _MOST_BINS = 50, 100
_FEWEST = 200
_SUREST = 0.2  # of the given labels; what is given among so many of the surest answers is as good as it gets
_DEPTH = 20  # of hierarchies; cycles end here


@dataclass(frozen=True, eq=False)
class Answers:
    """Pairs of a training document and a label that models propose for it. Arrays are ``[p]``.

    Attributes:
        row: int64, the document.
        label: int64.
        score: float32.
        given: bool, whether the document has the label.
        rate: float64, share of given labels among those of the same frequency group with such a score.
        ceiling: share of given labels among the surest answers: where labels are missing at random, models that are
            never wrong get no further (the label frequency c of Elkan and Noto 2008).
        threshold: the rate from which models count as sure, `options.sure` of the ceiling.
        implied: sure pairs that are not given but are ancestors of a given label; they are not among the others.
    """

    row: np.ndarray
    label: np.ndarray
    score: np.ndarray
    given: np.ndarray
    rate: np.ndarray
    ceiling: float
    threshold: float
    implied: int


def answers_of(scores: UnseenScores, positives: csr_matrix, hierarchy: csr_matrix, options: InspectOptions) -> Answers:
    """Calibrate scores against the labels given, by frequency group of labels.

    Args:
        scores: of models that did not see the documents.
        positives: bool CSR ``[n, L]`` of all training documents.
        hierarchy: bool CSR ``[L, L]``, true at (i, j) where j is a parent of i.
        options: cut points of groups, and what counts as sure.
    """
    own = csr_matrix(positives[scores.rows])
    place, rank = np.nonzero((scores.topk.indices >= 0) & (scores.topk.scores >= _LOWEST))
    label = scores.topk.indices[place, rank].astype(np.int64)
    score = scores.topk.scores[place, rank]
    given = _has(own, place, label)
    above = _has(_ancestors(own, hierarchy), place, label) & ~given
    group = groups_of(scores.learnt, options.cuts)[label]
    rate = np.zeros(len(label))
    pooled = _rates(score[~above], given[~above], score)
    for number in np.unique(group).tolist():
        chosen = group == number
        known = chosen & ~above
        few = int(known.sum()) < _FEWEST
        rate[chosen] = pooled[chosen] if few else _rates(score[known], given[known], score[chosen])
    kept = ~above
    ceiling = _ceiling(rate[kept], given[kept])
    threshold = options.sure * ceiling
    return Answers(
        row=scores.rows[place[kept]],
        label=label[kept],
        score=score[kept],
        given=given[kept],
        rate=rate[kept],
        ceiling=ceiling,
        threshold=threshold,
        implied=int((above & (rate >= threshold)).sum()),
    )


def _ceiling(rate: np.ndarray, given: np.ndarray) -> float:
    """Share of given labels among the surest answers, a fifth as many as labels are given; 0 where there are none."""
    n = int(_SUREST * given.sum())
    if n == 0 or not rate.any():
        return 0.0
    lowest = np.sort(rate)[-n]
    return float(given[rate >= lowest].mean())


def _has(matrix: csr_matrix, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Whether a bool CSR has an entry at each of some places."""
    width = np.int64(matrix.shape[1])
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return np.isin(row * width + column, rows * width + matrix.indices)


def _ancestors(positives: csr_matrix, hierarchy: csr_matrix) -> csr_matrix:
    """All ancestors of the labels of each document."""
    found = level = csr_matrix(positives.astype(np.int32) @ hierarchy.astype(np.int32)).astype(bool)
    for _ in range(_DEPTH):
        level = csr_matrix(level.astype(np.int32) @ hierarchy.astype(np.int32)).astype(bool)
        larger = csr_matrix(found + level)
        if larger.nnz == found.nnz:
            break
        found = larger
    return found


def _rates(scores: np.ndarray, given: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The share of given labels at each asked score: shares in bins of 50 scores or more, made to rise with them
    (isotonic regression); 0 where there are too few scores for a bin."""
    from sklearn.isotonic import isotonic_regression

    bins = min(_MOST_BINS, len(scores) // _PER_BIN)
    if bins == 0:
        return np.zeros(len(asked))
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1]))
    position = np.searchsorted(edges, scores, side="right")
    sizes = np.bincount(position, minlength=len(edges) + 1)
    shares = np.bincount(position, weights=given, minlength=len(edges) + 1) / np.maximum(sizes, 1)
    rising = isotonic_regression(shares, sample_weight=np.maximum(sizes, 1e-9))
    return rising[np.searchsorted(edges, asked, side="right")]
