"""What the scikit-learn estimators accept as targets, and how predictions are given back in the same kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace


@dataclass(frozen=True, eq=False)
class Targets:
    """The targets that a classifier was fitted on.

    Attributes:
        kind: ``classes`` for one class per document (1-d), ``dense`` or ``sparse`` for an indicator matrix, ``names``
            for one collection of label names per document.
        classes: the sorted classes or names; column numbers for an indicator matrix.
        dtype: of the indicator matrix.
        is_array: the sparse indicator was a scipy array, not a matrix.
    """

    kind: Literal["classes", "dense", "sparse", "names"]
    classes: np.ndarray
    dtype: np.dtype
    is_array: bool = False

    @property
    def single(self) -> bool:
        """Whether a document has exactly one class."""
        return self.kind == "classes"

    @cached_property
    def labels(self) -> LabelSpace | None:
        """The label space; None for an indicator matrix, whose columns have no names."""
        if self.kind in ("dense", "sparse"):
            return None
        return LabelSpace([str(name) for name in self.classes.tolist()])

    @classmethod
    def read(cls, y: Any) -> tuple[Self, csr_matrix]:
        """Find out the kind of y, and turn it into a label matrix.

        Returns:
            The targets, and bool CSR ``[n, L]`` with sorted columns.

        Raises:
            InputError: lists of names of which none holds a name.
            ValueError: targets that are no classes: numbers with a fraction, several columns of many classes.
        """
        if holds_names(y):
            found, columns, indptr = _number_names(y)
            names = np.array(sorted(found), dtype=object)
            if len(names) == 0:
                raise InputError("no document has a label", remedy="give each document the list of its labels")
            rank = np.empty(len(names), np.int32)
            rank[[found[name] for name in names]] = np.arange(len(names), dtype=np.int32)
            return cls("names", names, np.dtype(bool)), _label_matrix(rank[columns], indptr, len(names))
        options: dict[str, Any] = {"accept_sparse": "csr", "ensure_2d": False, "dtype": None, "input_name": "y"}
        given: Any = check_array(y, **options)
        check_classification_targets(given)
        kind = type_of_target(given, input_name="y")
        if kind == "multilabel-indicator":
            return cls._read_indicator(given, "sparse" if issparse(given) else "dense")
        if kind == "multiclass-multioutput" or issparse(given):
            raise ValueError(
                f"Unknown label type: {kind}; give one class per document, an indicator matrix of zeros and ones, or "
                "lists of label names"
            )
        classes, codes = np.unique(column_or_1d(given, warn=True), return_inverse=True)
        indptr = np.arange(len(codes) + 1)
        return cls("classes", classes, classes.dtype), _label_matrix(codes.astype(np.int32), indptr, len(classes))

    @classmethod
    def _read_indicator(cls, given: Any, kind: Literal["dense", "sparse"]) -> tuple[Self, csr_matrix]:
        entries = np.unique(given.data if kind == "sparse" else given)
        if not np.isin(entries, [0, 1]).all():
            raise ValueError(f"an indicator matrix holds zeros and ones, y holds {entries.tolist()}")
        positives = csr_matrix(given, dtype=bool, copy=True)
        positives.sum_duplicates()
        positives.eliminate_zeros()
        is_array = isinstance(given, csr_array)
        return cls(kind, np.arange(positives.shape[1]), given.dtype, is_array), positives

    def columns_of(self, y: Any) -> tuple[csr_matrix, np.ndarray]:
        """Lists of names as a label matrix over the known names.

        Returns:
            bool CSR ``[n, L]``, and bool ``[n]``: whether a document has a name that training did not see.
        """
        found, columns, indptr = _number_names(y)
        place = {name: column for column, name in enumerate(self.classes.tolist())}
        mapping = np.array([place.get(name, -1) for name in found], np.int32)
        columns = mapping[columns] if len(columns) else columns
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        unknown = np.zeros(len(indptr) - 1, bool)
        unknown[rows[columns < 0]] = True
        kept = columns >= 0
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=len(unknown)))])
        return _label_matrix(columns[kept], indptr, len(self.classes)), unknown

    def give(self, sets: csr_matrix) -> Any:
        """Label sets in the kind of y.

        Args:
            sets: CSR ``[n, L]``, the columns of a row best first.

        Returns:
            A dense or sparse indicator matrix of the dtype of y, or a list of lists of names, best first.
        """
        if self.kind == "names":
            names, bounds = self.classes[sets.indices].tolist(), sets.indptr.tolist()
            return [names[start:end] for start, end in pairwise(bounds)]
        if self.kind == "dense":
            dense = np.zeros(sets.shape, self.dtype)
            dense[np.repeat(np.arange(sets.shape[0]), np.diff(sets.indptr)), sets.indices] = 1
            return dense
        container = csr_array if self.is_array else csr_matrix
        matrix = container((np.ones(sets.nnz, self.dtype), sets.indices, sets.indptr), shape=sets.shape)
        matrix.sort_indices()
        return matrix


def holds_names(y: Any) -> bool:
    """Whether y gives one collection of label names per document; the first that is not empty decides."""
    if isinstance(y, (str, bytes)) or issparse(y) or getattr(y, "ndim", 1) != 1 or not hasattr(y, "__iter__"):
        return False
    only_collections = False
    for names in y:
        if isinstance(names, np.ndarray) and names.dtype.kind not in "OU":
            return False
        if isinstance(names, (str, bytes)) or not isinstance(names, (Sequence, set, frozenset, np.ndarray)):
            return False
        only_collections = True
        if len(names) > 0:
            return isinstance(next(iter(names)), str)
    return only_collections


def _number_names(y: Iterable[Iterable[str]]) -> tuple[dict[str, int], np.ndarray, np.ndarray]:
    """Names numbered as met; int32 numbers of each document's names, sorted and once each; int64 row starts."""
    found: dict[str, int] = {}
    columns: list[int] = []
    indptr = [0]
    for position, names in enumerate(y):
        if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
            raise InputError(
                f"labels {position} (counted from 0) is {names!r}, not a list of names", remedy="put it into a list"
            )
        row = set()
        for name in names:
            if not isinstance(name, str):
                raise InputError(
                    f"labels {position} (counted from 0) holds {name!r} of type {type(name).__name__}, not a string",
                    remedy="give names as strings",
                )
            row.add(found.setdefault(name, len(found)))
        columns.extend(row)
        indptr.append(len(columns))
    return found, np.array(columns, np.int32), np.array(indptr, np.int64)


def _label_matrix(columns: np.ndarray, indptr: np.ndarray, n_labels: int) -> csr_matrix:
    matrix = csr_matrix((np.ones(len(columns), bool), columns, indptr), shape=(len(indptr) - 1, n_labels))
    matrix.sort_indices()
    return matrix
