"""The k best labels of each document: the only form in which scores leave a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from manylabel.core.labels import LabelSpace

ScoreKind = Literal["probability", "margin", "similarity"]

NO_LABEL = -1
"""Index in the padding of a row with fewer than k labels."""


@dataclass(frozen=True)
class TopK:
    """Scores of the best labels of n documents.

    Attributes:
        indices: int32 ``[n, k]``, label indices best first; ``-1`` pads rows with fewer labels.
        scores: float32 ``[n, k]``, not increasing along a row; ``-inf`` in the padding. Every scorer orders equal
            scores by label index.
        kind: what a score is: a probability in [0, 1], a margin (positive means "has the label"), or a similarity.
        labels: the label space that the indices refer to, when known.
        threshold: from which score a label counts as assigned, where the model has found one; None: by kind.
    """

    indices: np.ndarray
    scores: np.ndarray
    kind: ScoreKind = "probability"
    labels: LabelSpace | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.indices.ndim != 2 or self.indices.shape != self.scores.shape:
            raise ValueError(f"indices {self.indices.shape} and scores {self.scores.shape} must both be [n, k]")
        if self.indices.dtype != np.int32 or self.scores.dtype != np.float32:
            raise TypeError(f"expected int32 and float32, got {self.indices.dtype} and {self.scores.dtype}")

    @property
    def n(self) -> int:
        """Number of documents."""
        return self.indices.shape[0]

    @property
    def k(self) -> int:
        """Number of columns."""
        return self.indices.shape[1]

    @property
    def default_threshold(self) -> float:
        """The score from which a label counts as assigned without a fitted decision: the model's own where it has one,
        0 for margins, else 0.5."""
        if self.threshold is not None:
            return self.threshold
        return 0.0 if self.kind == "margin" else 0.5

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, rows: slice | np.ndarray) -> TopK:
        """The same scores for some of the documents."""
        return replace(self, indices=self.indices[rows], scores=self.scores[rows])

    def head(self, k: int) -> TopK:
        """The first k columns (all of them if there are fewer)."""
        return replace(self, indices=self.indices[:, :k], scores=self.scores[:, :k])

    def to_csr(self, n_labels: int | None = None) -> csr_matrix:
        """Scores as CSR float32 ``[n, L]`` with sorted columns; explicit zeros are kept.

        Args:
            n_labels: L; by default that of `labels`.
        """
        from scipy.sparse import csr_matrix

        columns = n_labels if n_labels is not None else len(self.labels) if self.labels is not None else None
        if columns is None:
            raise ValueError("n_labels is needed where the label space is not known")
        present = self.indices >= 0
        indptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
        matrix = csr_matrix((self.scores[present], self.indices[present], indptr), shape=(self.n, columns))
        matrix.sort_indices()
        return matrix

    @classmethod
    def from_csr(
        cls, scores: csr_matrix, k: int, *, kind: ScoreKind = "probability", labels: LabelSpace | None = None
    ) -> TopK:
        """The k largest stored entries of each row of a CSR matrix ``[n, L]``; entries not stored are no candidates."""
        n = scores.shape[0]
        lengths = np.diff(scores.indptr)
        rows = np.repeat(np.arange(n), lengths)
        data = scores.data.astype(np.float32)  # first of all: what rounding makes equal is ordered by label
        order = np.lexsort((scores.indices, -data, rows))
        rank = np.arange(len(rows)) - np.repeat(scores.indptr[:-1], lengths)
        kept = rank < k
        indices = np.full((n, k), NO_LABEL, dtype=np.int32)
        values = np.full((n, k), -np.inf, dtype=np.float32)
        indices[rows[kept], rank[kept]] = scores.indices[order][kept]
        values[rows[kept], rank[kept]] = data[order][kept]
        return cls(indices, values, kind, labels)

    @classmethod
    def from_dense(
        cls, scores: np.ndarray, k: int, *, kind: ScoreKind = "probability", labels: LabelSpace | None = None
    ) -> TopK:
        """The k best columns of a dense block ``[n, L]`` inside a scorer; ``-inf`` marks what is no candidate."""
        n, columns = scores.shape
        width = min(k, columns)
        scores = np.asarray(scores, dtype=np.float32)
        # A stable sort of the negated scores orders ties by column, which a partial sort would not.
        order = np.argsort(-scores, axis=1, kind="stable")[:, :width]
        indices = np.full((n, k), NO_LABEL, dtype=np.int32)
        values = np.full((n, k), -np.inf, dtype=np.float32)
        values[:, :width] = np.take_along_axis(scores, order, axis=1)
        indices[:, :width] = np.where(np.isneginf(values[:, :width]), NO_LABEL, order)
        return cls(indices, values, kind, labels)

    @staticmethod
    def concatenate(parts: Sequence[TopK]) -> TopK:
        """Stack batches of documents; all parts must have the same k and kind."""
        first = parts[0]
        indices = np.concatenate([part.indices for part in parts])
        return replace(first, indices=indices, scores=np.concatenate([part.scores for part in parts]))

    def relabel(self, mapping: np.ndarray, labels: LabelSpace | None = None) -> TopK:
        """The same scores with label index ``i`` replaced by ``mapping[i]`` (int ``[L]``).

        The order within a row stays as it is: equal scores stand as the old indices ordered them.

        Raises:
            ValueError: a predicted label has no counterpart (negative in `mapping`).
        """
        present = self.indices >= 0
        indices = np.full_like(self.indices, NO_LABEL)
        indices[present] = mapping[self.indices[present]]
        if (indices[present] < 0).any():
            raise ValueError("a predicted label is absent from the label space asked for")
        return replace(self, indices=indices, labels=labels)

    def validate(self, n_labels: int | None = None) -> None:
        """Check the invariants of the class.

        Raises:
            ValueError: a label twice in a row, an index out of range, scores that increase along a row, NaN, or
                padding that has a score or is not at the end. The order of equal scores is left to who made them.
        """
        present = self.indices >= 0
        if (self.indices < NO_LABEL).any() or (n_labels is not None and (self.indices >= n_labels).any()):
            raise ValueError("label index out of range")
        if self.k > 1 and (present[:, 1:] & ~present[:, :-1]).any():
            raise ValueError("padding must stand at the end of a row")
        if np.isnan(self.scores).any() or (self.k > 1 and (self.scores[:, 1:] > self.scores[:, :-1]).any()):
            raise ValueError("scores must not increase along a row, nor be NaN")
        if (self.scores[~present] != -np.inf).any():
            raise ValueError("padding must have the score -inf")
        ordered = np.sort(self.indices, axis=1)
        if self.k > 1 and ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
            raise ValueError("a label stands twice in a row")
