"""Which of many (row, label) pairs are stored in a sparse label matrix."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def contains(indptr: np.ndarray, indices: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """bool ``[c]``: whether ``labels[i]`` stands in row ``rows[i]``, by bisection in O(c log(row length)).

    Args:
        indptr: int64 ``[n + 1]`` of a CSR matrix.
        indices: int32, its columns, sorted within each row.
        rows: int64 ``[c]``.
        labels: int32 ``[c]``; a negative one is in no row.
    """
    found = np.empty(len(rows), dtype=np.bool_)
    for i in range(len(rows)):
        low, end, label = indptr[rows[i]], indptr[rows[i] + 1], labels[i]
        high = end
        while low < high:
            middle = (low + high) // 2
            if indices[middle] < label:
                low = middle + 1
            else:
                high = middle
        found[i] = low < end and indices[low] == label
    return found
