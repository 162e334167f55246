"""Every label as often as any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from manylabel.data.sampling.base import Sampler, label_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class ClassAware(Sampler):
    """Draws a label, each with the same chance, then one of its documents, each with the same chance.

    Documents have several labels, so frequent ones still come more often than rare ones; and the documents of a label
    that has few come again and again. Documents without labels keep the share that they have in the data.

    Source: Shen et al., Relay Backpropagation for Effective Learning of Deep Convolutional Neural Networks (ECCV 2016),
    section 3.3; for several labels as in Wu et al., Distribution-Balanced Loss (ECCV 2020), section 3.
    """

    kind: Literal["class-aware"] = "class-aware"
    size: float = Field(default=1.0, gt=0, le=100, description="Documents of an epoch, relative to those there are.")

    def rows(self, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Sampler.rows`; int64 ``[round(size n)]``, at least one where there are documents."""
        n = positives.shape[0]
        if n == 0:
            return np.zeros(0, np.int64)
        draws = max(1, round(self.size * n))
        unlabelled = np.flatnonzero(np.diff(positives.indptr) == 0)
        if len(unlabelled) == n:
            return random.integers(n, size=draws)
        from_unlabelled = random.random(draws) < len(unlabelled) / n
        rows = np.empty(draws, np.int64)
        if len(unlabelled):
            rows[from_unlabelled] = random.choice(unlabelled, size=int(from_unlabelled.sum()))
        rows[~from_unlabelled] = _by_label(positives, draws - int(from_unlabelled.sum()), random)
        return rows


def _by_label(positives: csr_matrix, draws: int, random: np.random.Generator) -> np.ndarray:
    counts = label_counts(positives)
    documents = documents_by_label(positives)
    starts = np.concatenate([[0], np.cumsum(counts)])
    labels = random.choice(np.flatnonzero(counts), size=draws)
    return documents[starts[labels] + random.integers(counts[labels])]


def documents_by_label(positives: csr_matrix) -> np.ndarray:
    """The documents of label 0 in ascending order, then those of label 1, and so on: int64 ``[pairs]``."""
    rows = np.repeat(np.arange(positives.shape[0]), np.diff(positives.indptr))
    return rows[np.argsort(positives.indices, kind="stable")]
