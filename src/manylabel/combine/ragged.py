"""Lists of different lengths, one after the other in flat arrays."""

from __future__ import annotations

import numpy as np


def take(indptr: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pick lists.

    Args:
        indptr: int64 ``[n + 1]``, where each of n lists begins.
        rows: which lists, in the order wanted.

    Returns:
        Where the picked lists begin, int64 ``[len(rows) + 1]``, and the old position of each of their entries, int64.
    """
    lengths = np.diff(indptr)[rows]
    begins = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return begins, np.repeat(indptr[rows] - begins[:-1], lengths) + np.arange(begins[-1])
