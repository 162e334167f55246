"""Label sets that agree with the hierarchy of labels: with a label come its parents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.decide import METHODS
from manylabel.decide.examples import Examples
from manylabel.decide.method import Method
from manylabel.decide.methods.hierarchy_config import HierarchyConfig

_CELLS_AT_ONCE = 1 << 21


class Hierarchy(Method):
    """Another method, on scores and with label sets that agree with the hierarchy.

    First no label's score is above that of a parent: parents are raised to the largest score below them (``raise``), or
    labels are lowered to the smallest above them (``lower``; a parent outside the list counts with the list's last
    score, which it cannot exceed). The base method is fitted on these scores. Then the sets are closed: the parents of
    an assigned label are added (``raise``), or a label without all its parents is dropped (``lower``).
    """

    kind: ClassVar[str] = "hierarchy"
    config: HierarchyConfig

    def __init__(self, config: HierarchyConfig) -> None:
        super().__init__(config)
        self.base: Method = METHODS.load(config.base.kind)(config.base)  # type: ignore[attr-defined]
        self._known: tuple[LabelSpace, csr_matrix] | None = None

    def fit(self, examples: Examples) -> Self:
        """See :meth:`Method.fit`.

        Raises:
            InputError: the labels have no parents, or what the base method raises.
        """
        if self.ancestors(examples.labels).nnz == 0:
            raise InputError("no label has a parent among the labels", remedy="train with a label file with parents")
        self.base.fit(examples.with_topk(self.consistent(examples.topk)))
        return self

    def keep_labels(self, kept: np.ndarray) -> None:
        """See :meth:`Method.keep_labels`."""
        self.base.keep_labels(kept)

    def decide(self, topk: TopK) -> csr_matrix:
        """See :meth:`Method.decide`."""
        assert topk.labels is not None
        sets = self.base.decide(self.consistent(topk))
        ancestors = self.ancestors(topk.labels)
        if self.config.consistency == "raise":
            closed = csr_matrix(sets + sets @ ancestors, dtype=bool)
        else:
            needed = np.diff(ancestors.indptr)
            entries = np.repeat(np.arange(topk.n), np.diff(sets.indptr))
            there = csr_matrix(sets.astype(np.int32) @ ancestors.T.astype(np.int32)).multiply(sets).tocsr()
            counts = np.asarray(there[entries, sets.indices]).ravel()
            kept = counts == needed[sets.indices]
            indptr = np.concatenate([[0], np.cumsum(np.bincount(entries[kept], minlength=topk.n))])
            closed = csr_matrix((np.ones(int(kept.sum()), bool), sets.indices[kept], indptr), shape=sets.shape)
        closed.sort_indices()
        return closed

    def ancestors(self, labels: LabelSpace) -> csr_matrix:
        """bool CSR ``[L, L]``, true at (i, j) where j is a parent of i, or of a parent, and so on; never at (i, i)."""
        if self._known is None or self._known[0] is not labels:
            direct = labels.hierarchy
            reached = direct
            while True:
                further = csr_matrix(reached + reached @ direct, dtype=bool)
                if further.nnz == reached.nnz:
                    break
                reached = further
            reached = csr_matrix(reached)
            reached.setdiag(False)
            reached.eliminate_zeros()
            reached.sort_indices()
            self._known = (labels, reached)
        return self._known[1]

    def consistent(self, topk: TopK) -> TopK:
        """Scores of which none is above that of a parent."""
        assert topk.labels is not None
        ancestors = self.ancestors(topk.labels)
        adjust = _raised if self.config.consistency == "raise" else _lowered
        step = max(1, _CELLS_AT_ONCE // max(topk.k, 1))
        parts = [adjust(topk[start : start + step], ancestors) for start in range(0, max(topk.n, 1), step)]
        width = max(int(np.diff(part.indptr).max(initial=0)) for part in parts)
        lists = [TopK.from_csr(part, max(width, 1), kind=topk.kind, labels=topk.labels) for part in parts]
        return TopK.concatenate(lists)

    @property
    def facts(self) -> dict[str, Any]:
        """See :attr:`Method.facts`."""
        return {"base": self.base.facts}

    def to_arrays(self) -> dict[str, np.ndarray]:
        """See :meth:`Method.to_arrays`."""
        return self.base.to_arrays()

    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """See :meth:`Method.restore`."""
        self.base.restore(arrays, facts["base"])

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        closed = (
            "with a label come all its parents"
            if self.config.consistency == "raise"
            else ("a label is assigned only if all its parents are")
        )
        return [*self.base.describe(), closed]


def _pairs(topk: TopK, ancestors: csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions in the lists and the ancestors of the label that stands there: rows, columns of the list, ancestors."""
    rows, columns = np.nonzero(topk.indices >= 0)
    labels = topk.indices[rows, columns]
    lengths = np.diff(ancestors.indptr)[labels]
    starts = np.repeat(ancestors.indptr[labels] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    found = ancestors.indices[starts + np.arange(lengths.sum())]
    return np.repeat(rows, lengths), np.repeat(columns, lengths), found


def _raised(topk: TopK, ancestors: csr_matrix) -> csr_matrix:
    """Each ancestor of a listed label with at least the label's score."""
    rows, columns = np.nonzero(topk.indices >= 0)
    of, at, parents = _pairs(topk, ancestors)
    all_rows = np.concatenate([rows, of])
    all_labels = np.concatenate([topk.indices[rows, columns], parents]).astype(np.int64)
    scores = np.concatenate([topk.scores[rows, columns], topk.scores[of, at]])
    order = np.lexsort((-scores, all_labels, all_rows))
    all_rows, all_labels, scores = all_rows[order], all_labels[order], scores[order]
    first = np.append(True, (np.diff(all_rows) != 0) | (np.diff(all_labels) != 0)) if len(order) else order.astype(bool)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(all_rows[first], minlength=topk.n))])
    return csr_matrix((scores[first], all_labels[first], indptr), shape=(topk.n, ancestors.shape[0]))


def _lowered(topk: TopK, ancestors: csr_matrix) -> csr_matrix:
    """Each listed label with at most the score of each of its ancestors."""
    lowest = np.where(topk.indices >= 0, topk.scores, np.inf).min(axis=1)
    of, at, parents = _pairs(topk, ancestors)
    listed = topk.to_csr()
    keys = np.repeat(np.arange(topk.n), np.diff(listed.indptr)) * np.int64(ancestors.shape[0]) + listed.indices
    wanted = of * np.int64(ancestors.shape[0]) + parents
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    above = np.where(keys[place] == wanted, listed.data[place], lowest[of]) if len(wanted) else np.zeros(0)
    scores = topk.scores.copy()
    np.minimum.at(scores, (of, at), above.astype(np.float32))
    return TopK(topk.indices, scores, topk.kind, topk.labels).to_csr()
