"""Sorts terms as Python sorts strings: by code points, which is the order of their UTF-8 bytes."""

from __future__ import annotations

import numpy as np
from numba import njit

from manylabel.text.integers import uint64

# Terms that still agree after so many bytes are few; they are left to Python.
_COMPARED_AS_NUMBERS = 64


def sorted_order(blob: np.ndarray, stops: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """The given terms in order.

    Compares eight bytes at a time as one number, going on with those that are still tied.

    Args:
        blob: uint8, the bytes of all terms.
        stops: int64, ``stops[i]`` to ``stops[i + 1]`` is where term i lies in `blob`.
        terms: int64, distinct terms by number.

    Returns:
        int64, the same numbers in the order of the terms.
    """
    order = terms.copy()
    tied = np.arange(len(order))  # places in `order`
    group = np.zeros(len(order), np.int64)  # places with the same group are still tied
    depth = 0
    while len(tied) and depth < _COMPARED_AS_NUMBERS:
        candidates = order[tied]
        keys, lengths = _eight_bytes(blob, stops, candidates, depth)
        # A term that ends where another goes on with NUL has the same key and comes first.
        permutation = np.lexsort((lengths, keys, group)) if depth else np.lexsort((lengths, keys))
        order[tied] = candidates[permutation]
        keys, lengths = keys[permutation], lengths[permutation]
        depth += 8
        same = (keys[1:] == keys[:-1]) & (group[1:] == group[:-1])
        group = np.concatenate([[0], np.cumsum(~same)])
        unfinished = np.bincount(group, weights=lengths > depth)[group] > 0
        unfinished &= np.bincount(group)[group] > 1
        tied, group = tied[unfinished], group[unfinished]
    if len(tied):
        candidates = order[tied].tolist()
        keyed = [
            (place, blob[stops[term] : stops[term + 1]].tobytes(), term)
            for place, term in zip(group, candidates, strict=True)
        ]
        order[tied] = [term for _, _, term in sorted(keyed)]
    return order


@njit(cache=True, nogil=True)
def _eight_bytes(blob: np.ndarray, stops: np.ndarray, terms: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Bytes `depth` to `depth` + 8 of each term as one number, zeros behind its end (uint64), and its length."""
    keys, lengths = np.zeros(len(terms), np.uint64), np.empty(len(terms), np.int64)
    for i in range(len(terms)):
        start = stops[terms[i]]
        lengths[i] = stops[terms[i] + 1] - start
        for k in range(8):
            byte = blob[start + depth + k] if depth + k < lengths[i] else 0
            keys[i] = (keys[i] << uint64(8)) | uint64(byte)
    return keys, lengths
