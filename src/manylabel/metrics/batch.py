"""Predictions and truth of some documents, ready to be measured, whole or through one group of labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class LabelFacts:
    """What metrics know about the L labels. Arrays have an entry L + 1 for the padding of lists, index -1.

    Attributes:
        n_labels: L.
        group: int8 ``[L + 1]``, position in :data:`~manylabel.metrics.groups.GROUPS`, -1 for the padding; None
            without groups.
        weight: float64 ``[L + 1]``, inverse propensities, 0 for the padding; None where no metric needs them.
    """

    n_labels: int
    group: np.ndarray | None
    weight: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Batch:
    """n documents: their lists, their label sets and their true labels.

    Attributes:
        lists: int32 ``[n, d]``, the first d predicted labels, best first, -1 where there are fewer.
        truth_indptr: int64 ``[n + 1]``.
        truth: int32, true labels of row after row, ascending in each.
        set_rows: int64 ``[c]``, ascending.
        set_labels: int32 ``[c]``, labels assigned to those rows.
        facts: about the labels.
    """

    lists: np.ndarray
    truth_indptr: np.ndarray
    truth: np.ndarray
    set_rows: np.ndarray
    set_labels: np.ndarray
    facts: LabelFacts

    @property
    def n(self) -> int:
        """Number of documents."""
        return self.lists.shape[0]

    @cached_property
    def truth_rows(self) -> np.ndarray:
        """int64, the row of each true label."""
        return np.repeat(np.arange(self.n, dtype=np.int64), np.diff(self.truth_indptr))

    @cached_property
    def hits(self) -> np.ndarray:
        """bool ``[n, d]``: the label at this position is true."""
        n, depth = self.lists.shape
        rows = np.repeat(np.arange(n, dtype=np.int64), depth)
        return self._are_true(rows, self.lists.ravel()).reshape(n, depth)

    @cached_property
    def hit_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """int64, rows and columns of the hits, row after row."""
        rows, columns = np.nonzero(self.hits)
        return rows, columns

    @cached_property
    def set_correct(self) -> np.ndarray:
        """bool ``[c]``: this assigned label is true."""
        return self._are_true(self.set_rows, self.set_labels)

    def _are_true(self, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
        # Imported here, so that reading the names and options of metrics needs no compiler.
        from manylabel.metrics.membership import contains

        return contains(self.truth_indptr, self.truth, rows, labels)

    @cached_property
    def truth_by_weight(self) -> np.ndarray:
        """Positions of the true labels, row after row, the largest inverse propensity first."""
        assert self.facts.weight is not None
        return np.lexsort((-self.facts.weight[self.truth], self.truth_rows))

    @cached_property
    def list_groups(self) -> np.ndarray:
        """int8 ``[n, d]``: the group of the label at each position, -1 in the padding."""
        assert self.facts.group is not None
        return self.facts.group[self.lists]


class View:
    """A batch as a metric sees it: all labels, or only those of one group.

    Through a group, only its labels are true, only its labels in a list are hits, and label sets hold only its labels;
    positions in the lists stay as they are.

    Args:
        batch: the documents.
        group: position in :data:`~manylabel.metrics.groups.GROUPS`, or None for all labels.
    """

    def __init__(self, batch: Batch, group: int | None = None) -> None:
        self.batch, self.group = batch, group

    @property
    def whole(self) -> bool:
        """The view is through all labels."""
        return self.group is None

    @cached_property
    def n_labels(self) -> int:
        """Number of labels seen."""
        facts = self.batch.facts
        return facts.n_labels if facts.group is None or self.whole else int((facts.group == self.group).sum())

    @cached_property
    def counted(self) -> np.ndarray:
        """bool ``[n]``, the documents that a mean runs over: all of them, in a group those with a true label in it."""
        return np.ones(self.batch.n, dtype=bool) if self.whole else self.true > 0

    @cached_property
    def hits(self) -> np.ndarray:
        """bool ``[n, d]``: the label at this position is seen and true."""
        return self.batch.hits if self.whole else self.batch.hits & (self.batch.list_groups == self.group)

    @property
    def hit_cells(self) -> tuple[np.ndarray, np.ndarray]:
        """int64, rows and columns of the hits that are seen, row after row."""
        rows, columns = self.batch.hit_cells
        if self.whole:
            return rows, columns
        seen = self.batch.list_groups[rows, columns] == self.group
        return rows[seen], columns[seen]

    @cached_property
    def present(self) -> np.ndarray:
        """bool ``[n, d]``: the label at this position is seen."""
        return self.batch.lists >= 0 if self.whole else self.batch.list_groups == self.group

    @cached_property
    def true(self) -> np.ndarray:
        """int64 ``[n]``, number of true labels."""
        return self._per_row(self.batch.truth_rows, self.batch.truth)

    @cached_property
    def assigned(self) -> np.ndarray:
        """int64 ``[n]``, number of labels in the label set."""
        return self._per_row(self.batch.set_rows, self.batch.set_labels)

    @cached_property
    def correct(self) -> np.ndarray:
        """int64 ``[n]``, number of true labels in the label set."""
        right = self.batch.set_correct
        return self._per_row(self.batch.set_rows[right], self.batch.set_labels[right])

    def hit_weights(self, k: int) -> np.ndarray:
        """float64 ``[n, k]``: inverse propensity of the label at this position where it is a hit, else 0."""
        assert self.batch.facts.weight is not None
        return np.where(self.hits[:, :k], self.batch.facts.weight[self.batch.lists[:, :k]], 0.0)

    def ideal_weight(self, factors: np.ndarray) -> np.ndarray:
        """float64 ``[n]``: the k largest inverse propensities of the true labels, times factors ``[k]``, summed."""
        rows, rank, weight = self._ideal
        first = rank < len(factors)
        return np.bincount(rows[first], weight[first] * factors[rank[first]], minlength=self.batch.n)

    @cached_property
    def _ideal(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row, rank from 0 and inverse propensity of the true labels, the largest of each row first."""
        batch, facts = self.batch, self.batch.facts
        assert facts.weight is not None
        order = batch.truth_by_weight
        if not self.whole and facts.group is not None:
            order = order[facts.group[batch.truth[order]] == self.group]
        rows = batch.truth_rows[order]
        starts = np.cumsum(self.true) - self.true
        return rows, np.arange(len(rows)) - starts[rows], facts.weight[batch.truth[order]]

    def _per_row(self, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
        if not self.whole and self.batch.facts.group is not None:
            rows = rows[self.batch.facts.group[labels] == self.group]
        return np.bincount(rows, minlength=self.batch.n)
