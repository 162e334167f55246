"""What the scikit-learn estimators accept as documents and weights: texts or matrices, numbers or nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from manylabel.core.errors import InputError


def holds_texts(X: Any) -> bool:
    """Whether X is a sequence of texts (list, tuple, Series, 1-d array), and not rows of features.

    A sequence counts as texts as soon as one of its items is a string, so that a stray number among texts is reported
    as such.

    Raises:
        InputError: X is itself a string.
    """
    if isinstance(X, (str, bytes)):
        raise InputError("expected a sequence of texts, got a single one", remedy="put it into a list")
    if issparse(X) or getattr(X, "ndim", 1) != 1 or not hasattr(X, "__len__") or not hasattr(X, "__iter__"):
        return False
    return any(isinstance(item, str) for item in X)


def checked_texts(X: Any) -> list[str]:
    """The texts as a list.

    Raises:
        InputError: one of them is no string.
    """
    texts = list(X)
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(
                f"text {position} (counted from 0) is of type {type(text).__name__}, not a string",
                remedy="leave it out, or put '' in its place",
            )
    return texts


def to_rows(X: Any) -> csr_matrix:
    """float32 CSR with 32-bit indices where they suffice, sorted columns, no duplicates; X is left as it is.

    The kernels are compiled once for each kind of array: arrays that may not be written to are copied, so that memory
    maps need no kernels of their own.
    """
    rows = csr_matrix(X, dtype=np.float32)
    given = (rows.data, rows.indices, rows.indptr)
    if not (rows.has_canonical_format and all(array.flags.writeable and array.flags.aligned for array in given)):
        rows = rows.copy()
        rows.sum_duplicates()
    if rows.indices.dtype != np.int32 and rows.nnz <= np.iinfo(np.int32).max:
        narrow = (rows.data, rows.indices.astype(np.int32), rows.indptr.astype(np.int32))
        rows = csr_matrix(narrow, shape=rows.shape)
    return rows


def read_weights(sample_weight: Any, n: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The documents of positive weight and their weights.

    Args:
        sample_weight: a number, n numbers, or None.
        n: number of documents.

    Returns:
        int64 and float32, of the same length; None where no weights were given.

    Raises:
        ValueError: not n numbers, one that is negative or not finite, or all of them zero.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float32)
    if weights.ndim == 0:
        weights = np.full(n, weights)
    if weights.ndim != 1:
        raise ValueError(f"sample_weight must be 1-dimensional, got {weights.ndim} dimensions")
    if len(weights) != n:
        raise ValueError(f"sample_weight holds {len(weights)} weights for {n} samples")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("sample_weight must hold finite numbers that are not negative")
    kept = np.flatnonzero(weights)
    if len(kept) == 0:
        raise ValueError("all sample weights are zero: there is nothing to train on")
    return kept, weights[kept]
