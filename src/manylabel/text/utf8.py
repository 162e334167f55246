"""Reading and writing single code points in UTF-8, inside compiled loops.

Surrogates are written as the three bytes that Python's ``surrogatepass`` makes of them. The input comes from
``str.encode`` and is not checked.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from manylabel.text.integers import int64


@njit(cache=True, nogil=True)
def decode(source: np.ndarray, at: int) -> tuple[int, int]:
    """The code point that starts at a position, and the position behind it."""
    first = int64(source[at])
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (source[at + 1] & 0x3F), at + 2
    if first < 0xF0:
        return ((first & 0x0F) << 12) | ((source[at + 1] & 0x3F) << 6) | (source[at + 2] & 0x3F), at + 3
    point = ((first & 0x07) << 18) | ((source[at + 1] & 0x3F) << 12)
    return point | ((source[at + 2] & 0x3F) << 6) | (source[at + 3] & 0x3F), at + 4


@njit(cache=True, nogil=True)
def encode(point: int, target: np.ndarray, at: int) -> int:
    """Write a code point at a position; returns the position behind it."""
    if point < 0x80:
        target[at] = point
        return at + 1
    if point < 0x800:
        target[at] = 0xC0 | (point >> 6)
        target[at + 1] = 0x80 | (point & 0x3F)
        return at + 2
    if point < 0x10000:
        target[at] = 0xE0 | (point >> 12)
        target[at + 1] = 0x80 | ((point >> 6) & 0x3F)
        target[at + 2] = 0x80 | (point & 0x3F)
        return at + 3
    target[at] = 0xF0 | (point >> 18)
    target[at + 1] = 0x80 | ((point >> 12) & 0x3F)
    target[at + 2] = 0x80 | ((point >> 6) & 0x3F)
    target[at + 3] = 0x80 | (point & 0x3F)
    return at + 4
