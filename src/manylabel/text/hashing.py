"""Hashes of byte strings that can be put together from the hashes of their parts.

``hash(xy) = hash(x) * BASE**len(y) + hash(y)`` modulo 2**64: an n-gram's hash follows from those of its words
without reading them again. Equal hashes prove nothing; whoever looks up by hash compares the bytes as well.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from manylabel.text.integers import uint64

# Any odd number of many bits would do; this is 2**64 divided by the golden ratio.
BASE = uint64(0x9E3779B97F4A7C15)
_MIX = uint64(0xBF58476D1CE4E5B9)
_HALF = uint64(32)
_NEAR_HALF = uint64(29)


@njit(cache=True, nogil=True)
def spread(value: int) -> int:
    """The hash with every bit depending on all bits: the low ones choose a slot, the high half tells slots apart."""
    value = value ^ (value >> _HALF)
    value = value * _MIX
    return value ^ (value >> _NEAR_HALF)


@njit(cache=True, nogil=True)
def append(value: int, part: int, length: int) -> int:
    """The hash of a string with another appended, given that one's hash and length in bytes."""
    power, base = uint64(1), BASE
    while length > 0:
        if length & 1:
            power *= base
        base *= base
        length >>= 1
    return value * power + part


@njit(cache=True, nogil=True)
def hash_bytes(text: np.ndarray, begin: int, stop: int) -> int:
    """Hash of ``text[begin:stop]`` (uint8), not yet spread."""
    value = uint64(0)
    for i in range(begin, stop):
        value = value * BASE + uint64(text[i])
    return value
