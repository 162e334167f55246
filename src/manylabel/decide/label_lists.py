"""The same scores label by label: each label's documents from the highest score down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.core.parallel import in_blocks
from manylabel.decide.examples import Examples

_LABELS_PER_JOB = 64


@dataclass(frozen=True, eq=False)
class LabelLists:
    """Scores and outcomes of every label that stands in a list.

    Attributes:
        indptr: int64 ``[L + 1]``.
        scores: float32, not increasing within a label.
        hits: bool, whether the document has the label.
    """

    indptr: np.ndarray
    scores: np.ndarray
    hits: np.ndarray

    @classmethod
    def of(cls, examples: Examples) -> LabelLists:
        """Sort by label, then by score; documents with equal scores by their position."""
        topk, n_labels = examples.topk, len(examples.labels)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(topk.indices[examples.present], minlength=n_labels))])
        scores, hits = np.empty(indptr[-1], np.float32), np.empty(indptr[-1], np.bool_)
        # By label first, in linear time; then each label's own short list by score.
        _deal(topk.indices.ravel(), topk.scores.ravel(), examples.hits.ravel(), indptr, scores, hits)

        def work(labels: slice, _: None) -> None:
            _sort_each(indptr[labels.start : labels.stop + 1], scores, hits)

        in_blocks(n_labels, _LABELS_PER_JOB, work, lambda: None)
        return cls(indptr, scores, hits)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def fallback(self, kind: str, common: np.float32) -> np.ndarray:
        """Thresholds for labels that deserve none of their own, float32 ``[L]``.

        Args:
            kind: ``global`` (the common one), ``never`` (infinity) or ``highest`` (the highest score that the label
                had; the common one where it had none).
            common: the threshold that is best for micro-F1 over all labels.
        """
        if kind == "never":
            return np.full(len(self), np.float32(np.inf))
        thresholds = np.full(len(self), common)
        if kind == "highest":
            listed = np.diff(self.indptr) > 0
            thresholds[listed] = self.scores[self.indptr[:-1][listed]]
        return thresholds


@compiled
def _deal(
    labels: np.ndarray,
    scores: np.ndarray,
    hits: np.ndarray,
    indptr: np.ndarray,
    dealt_scores: np.ndarray,
    dealt_hits: np.ndarray,
) -> None:
    """Put every listed score to its label, in the order of the documents."""
    following = indptr[:-1].copy()
    for i in range(len(labels)):
        label = labels[i]
        if label >= 0:
            dealt_scores[following[label]], dealt_hits[following[label]] = scores[i], hits[i]
            following[label] += 1


@compiled
def _sort_each(indptr: np.ndarray, scores: np.ndarray, hits: np.ndarray) -> None:
    for label in range(len(indptr) - 1):
        start, end = indptr[label], indptr[label + 1]
        order = np.argsort(-scores[start:end], kind="mergesort")
        scores[start:end] = scores[start:end][order]
        hits[start:end] = hits[start:end][order]


@compiled
def threshold_after(scores: np.ndarray, accepted: int) -> np.float32:
    """The threshold that accepts the first so many of falling scores, as far from its neighbours as possible.

    None: just above the highest. All: the lowest itself, since what is not in a list has no score.
    """
    if len(scores) == 0:
        return np.float32(np.inf)
    if accepted == 0:
        return np.nextafter(scores[0], np.float32(np.inf))
    if accepted == len(scores):
        return scores[-1]
    middle = np.float32(0.5) * (scores[accepted - 1] + scores[accepted])
    # Rounding may bring the middle of two neighbouring numbers down to the lower one.
    return middle if middle > scores[accepted] else scores[accepted - 1]


@compiled
def best_by_label(
    indptr: np.ndarray, scores: np.ndarray, hits: np.ndarray, positives: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The threshold of the largest F1 of each label, and that F1.

    Args:
        indptr, scores, hits: see :class:`LabelLists`.
        positives: int64 ``[L]``, documents of each label, those outside the lists included.

    Returns:
        float32 ``[L]`` thresholds, of equal ones the strictest; float64 ``[L]`` F1, 0 where nothing was found.
    """
    n = len(indptr) - 1
    thresholds = np.full(n, np.float32(np.inf))
    best = np.zeros(n)
    for label in range(n):
        own, right = scores[indptr[label] : indptr[label + 1]], hits[indptr[label] : indptr[label + 1]]
        found, accepted = 0, 0
        for i in range(len(own)):
            found += right[i]
            if i + 1 < len(own) and own[i + 1] == own[i]:
                continue
            f1 = 2.0 * found / (i + 1 + positives[label])
            if f1 > best[label]:
                best[label], accepted = f1, i + 1
        thresholds[label] = threshold_after(own, accepted)
    return thresholds, best
