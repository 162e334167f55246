"""Negatives of a document: a few labels in place of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from manylabel.core.config import Section
from manylabel.core.topk import NO_LABEL

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_ROUNDS = 20
"""Draws with rejection; what is still lacking then is drawn from the labels that are left."""


class NegativeSampling(Section):
    """Shortlists of the positives of a document and some of its negatives, drawn anew each time.

    Source: the power of the frequency is that of Mikolov et al., Distributed Representations of Words and Phrases
    (NeurIPS 2013), section 2.2.
    """

    per_document: int = Field(default=100, ge=0, description="Negatives of each document, or all where it has fewer.")
    distribution: Literal["uniform", "frequency"] = Field(
        default="uniform", description="Every label alike, or by its number of documents to a power."
    )
    power: float = Field(default=0.75, ge=0, le=2, description="Of the number of documents, with frequency.")

    def cumulative(self, counts: np.ndarray) -> np.ndarray | None:
        """What :meth:`shortlist` draws by, to be made once: sums of ``max(n_l, 1)^power``; None when uniform.

        Args:
            counts: training documents of each label, ``[L]``.
        """
        if self.distribution == "uniform":
            return None
        return np.cumsum(np.maximum(counts, 1).astype(np.float64) ** self.power)

    def shortlist(
        self, positives: csr_matrix, random: np.random.Generator, cumulative: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels to score for a batch, in memory that grows with its result alone (and rarely with L, see below).

        Negatives are distinct. They are drawn until enough are new; a document for which that takes too long, since
        few labels are left or few have nearly all of the frequency, gets the rest by a race among all labels left.

        Args:
            positives: bool CSR ``[B, L]``, the labels of the batch's documents.
            random: its state decides the draws.
            cumulative: of :meth:`cumulative`.

        Returns:
            Label numbers int64 ``[B, C]``: first the positives, then the negatives, padded with -1; and targets float32
            ``[B, C]``, 1 for positives.

        Raises:
            ValueError: `distribution` is frequency and `cumulative` is not given.
        """
        if self.distribution == "frequency" and cumulative is None:
            raise ValueError("negatives by frequency need the number of documents of each label")
        n, n_labels = positives.shape
        own = np.diff(positives.indptr).astype(np.int64)
        wanted = np.minimum(self.per_document, n_labels - own)
        width = int((own + wanted).max(initial=0))
        label_ids = np.full((n, width), NO_LABEL, np.int64)
        targets = np.zeros((n, width), np.float32)
        keys = np.repeat(np.arange(n), own) * n_labels + positives.indices
        negatives = _draw(np.sort(keys), wanted, n_labels, cumulative, random)
        for part, offsets, target in ((keys, np.zeros(n, np.int64), 1.0), (negatives, own, 0.0)):
            rows = part // max(n_labels, 1)
            lengths = np.bincount(rows, minlength=n)
            places = np.arange(len(part)) + np.repeat(offsets - (np.cumsum(lengths) - lengths), lengths)
            label_ids[rows, places] = part - rows * n_labels
            targets[rows, places] = target
        return label_ids, targets


def _draw(
    taken: np.ndarray, wanted: np.ndarray, n_labels: int, cumulative: np.ndarray | None, random: np.random.Generator
) -> np.ndarray:
    """Keys ``row L + label`` of the negatives, int64, ascending.

    Args:
        taken: those of the positives, ascending.
        wanted: how many each row is to get, ``[B]``, no more than it has negatives.
        n_labels: L.
        cumulative: sums of the labels' weights ``[L]``; None where all are alike.
        random: for the draws.
    """
    drawn = np.zeros(0, np.int64)
    lacking = wanted.copy()
    for _ in range(_ROUNDS):
        rows = np.repeat(np.arange(len(wanted)), lacking)
        if not len(rows):
            return drawn
        if cumulative is None:
            labels = random.integers(n_labels, size=len(rows))
        else:
            labels = np.searchsorted(cumulative, random.random(len(rows)) * cumulative[-1], side="right")
        new = np.setdiff1d(rows * n_labels + labels, taken)
        taken, drawn = np.union1d(taken, new), np.union1d(drawn, new)
        lacking -= np.bincount(new // n_labels, minlength=len(wanted))
    rest = [drawn]
    for row in np.flatnonzero(lacking):
        left = np.ones(n_labels, bool)
        first, last = np.searchsorted(taken, [row * n_labels, (row + 1) * n_labels])
        left[taken[first:last] - row * n_labels] = False
        labels = np.flatnonzero(left)
        # The first to arrive, each label at a rate of its weight: the same draws without the rejections.
        arrival = random.exponential(size=len(labels))
        if cumulative is not None:
            arrival /= np.diff(cumulative, prepend=0.0)[labels]
        rest.append(row * n_labels + labels[np.argsort(arrival)[: lacking[row]]])
    return np.sort(np.concatenate(rest))
