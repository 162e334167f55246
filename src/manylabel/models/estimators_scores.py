"""How the scikit-learn estimators read the scores of trees and of one-versus-rest: odds, probabilities, label sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit, log_expit

from manylabel.core.topk import ScoreKind
from manylabel.linear.one_vs_rest import OneVsRest
from manylabel.trees.all_labels import score_all_labels
from manylabel.trees.average import average
from manylabel.trees.probabilistic_tree import ProbabilisticTree

_HIGHEST_LOG_ODDS = 30.0  # the hinge link gives some labels a probability of 1, whose odds are infinite
_FIRST_WIDTH, _WIDER = 32, 4


class LabelScores(Protocol):
    """A fitted model, seen from an estimator. "Scores" are what :meth:`of_all` gives: the model's natural unit."""

    def of_all(self, features: csr_matrix) -> np.ndarray:
        """Scores of all labels, float32 ``[n, L]``, ``-inf`` where a label has no training documents."""
        ...

    def search(self, features: csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels int32 ``[n, k]`` (-1 pads) and what they are ordered by, float32 ``[n, k]``."""
        ...

    def shown(self, found: np.ndarray) -> tuple[np.ndarray, ScoreKind]:
        """What :meth:`search` ordered by, as a user sees it."""
        ...

    def cut(self, threshold: float | None) -> np.float32:
        """The least value in :meth:`search` with which a label is assigned; None: where the log odds turn positive."""
        ...

    def log_odds(self, scores: np.ndarray) -> np.ndarray:
        """float64, positive where a label is assigned, each label by itself."""
        ...

    def between_two(self, scores: np.ndarray) -> np.ndarray:
        """float64 ``[n]``, positive where the second of two classes has the larger score."""
        ...

    def log_probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Logarithms of each label's own probability, float64."""
        ...


@dataclass(frozen=True, eq=False)
class TreeScores:
    """The mean of one or more trees; scores are logarithms of probabilities."""

    trees: Sequence[ProbabilisticTree]
    beam_width: int

    def of_all(self, features: csr_matrix) -> np.ndarray:
        """See :class:`LabelScores`; no beam."""
        scores = score_all_labels(self.trees[0], features)
        for tree in self.trees[1:]:
            np.logaddexp(scores, score_all_labels(tree, features), out=scores)
        return scores - np.log(len(self.trees), dtype=np.float32) if len(self.trees) > 1 else scores

    def search(self, features: csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`LabelScores`; probabilities, by beam."""
        width = self.beam_width
        if len(self.trees) == 1:
            return self.trees[0].predict(features, k, beam_width=width)
        # A label that is best on average stands high in each tree's own list, not always within its first k.
        depth = max(2 * k, 2 * width)
        return average([tree.predict(features, depth, beam_width=width) for tree in self.trees], k)

    def shown(self, found: np.ndarray) -> tuple[np.ndarray, ScoreKind]:
        """See :class:`LabelScores`."""
        return found, "probability"

    def cut(self, threshold: float | None) -> np.float32:
        """See :class:`LabelScores`."""
        return np.nextafter(np.float32(0.5), np.float32(1.0)) if threshold is None else np.float32(threshold)

    def log_odds(self, scores: np.ndarray) -> np.ndarray:
        """See :class:`LabelScores`."""
        logs = scores.astype(np.float64)
        with np.errstate(divide="ignore"):
            return np.minimum(logs - np.log(-np.expm1(logs)), _HIGHEST_LOG_ODDS)

    def between_two(self, scores: np.ndarray) -> np.ndarray:
        """See :class:`LabelScores`."""
        return scores[:, 1].astype(np.float64) - scores[:, 0]

    def log_probabilities(self, scores: np.ndarray) -> np.ndarray:
        """See :class:`LabelScores`."""
        return scores.astype(np.float64)


@dataclass(frozen=True, eq=False)
class OneVsRestScores:
    """Independent classifiers; scores are margins, which the logistic loss makes log odds."""

    classifiers: OneVsRest
    logistic: bool

    def of_all(self, features: csr_matrix) -> np.ndarray:
        """See :class:`LabelScores`."""
        return self.classifiers.margins(features)

    def search(self, features: csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`LabelScores`; margins."""
        return self.classifiers.predict(features, k)

    def shown(self, found: np.ndarray) -> tuple[np.ndarray, ScoreKind]:
        """See :class:`LabelScores`; probabilities under the logistic loss."""
        if not self.logistic:
            return found, "margin"
        # A label without documents keeps -inf, as the padding must: 0 would be a score.
        return np.where(np.isneginf(found), found, expit(found)), "probability"

    def cut(self, threshold: float | None) -> np.float32:
        """See :class:`LabelScores`; a threshold is meant for what :meth:`shown` gives."""
        if threshold is None:
            return np.nextafter(np.float32(0.0), np.float32(1.0))
        if not self.logistic:
            return np.float32(threshold)
        with np.errstate(divide="ignore"):
            return np.float32(np.log(threshold) - np.log1p(-threshold))

    def log_odds(self, scores: np.ndarray) -> np.ndarray:
        """See :class:`LabelScores`."""
        return scores.astype(np.float64)

    def between_two(self, scores: np.ndarray) -> np.ndarray:
        """See :class:`LabelScores`; the two classifiers mirror each other, so this is the second one's margin."""
        return (scores[:, 1].astype(np.float64) - scores[:, 0]) / 2

    def log_probabilities(self, scores: np.ndarray) -> np.ndarray:
        """See :class:`LabelScores`; only under the logistic loss."""
        return log_expit(scores.astype(np.float64))


def label_sets(model: LabelScores, features: csr_matrix, n_labels: int, cut: np.float32) -> csr_matrix:
    """The labels whose value reaches `cut`: bool CSR ``[n, L]``, the columns of a row best first.

    A row's list of candidates grows until its last one falls short.
    """
    pending, width = np.arange(features.shape[0]), min(_FIRST_WIDTH, n_labels)
    rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
    while len(pending):
        indices, values = model.search(features[pending], width)
        chosen = (indices >= 0) & (values >= cut)
        complete = ~chosen[:, -1] if width < n_labels else np.ones(len(pending), bool)
        chosen &= complete[:, None]
        rows.append(np.repeat(pending, chosen.sum(axis=1)))
        columns.append(indices[chosen])
        pending, width = pending[~complete], min(width * _WIDER, n_labels)
    found = np.concatenate(rows)
    order = np.argsort(found, kind="stable")
    return _as_rows(found[order], np.concatenate(columns)[order], (features.shape[0], n_labels))


def best_labels(model: LabelScores, features: csr_matrix, n_labels: int, top_n: int) -> csr_matrix:
    """The `top_n` best labels: bool CSR ``[n, L]``, the columns of a row best first."""
    indices, _ = model.search(features, min(top_n, n_labels))
    present = indices >= 0
    rows = np.repeat(np.arange(len(indices)), present.sum(axis=1))
    return _as_rows(rows, indices[present], (len(indices), n_labels))


def _as_rows(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> csr_matrix:
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return csr_matrix((np.ones(len(columns), bool), columns, indptr), shape=shape)
