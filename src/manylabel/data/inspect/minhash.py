"""Which texts might be similar: MinHash signatures, cut into bands (Broder 1997; Leskovec et al. 2020, section 3.4).

A band of five minima agrees by chance s^5 for texts that share the part s of their shingles; with 16 bands, 99.8 % of
the pairs that share four fifths agree in one, and 15 % of those that share two fifths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.data.inspect.shingles import per_batch

BANDS, ROWS = 16, 5
_ALL_PAIRS_UP_TO = 12
_FIRST = 6
_MOST_WAITING = 30_000_000


def band_keys(texts: Sequence[str], *, characters: bool) -> np.ndarray:
    """The signature of each text, uint64 ``[n, 16]``: texts that agree in a column may be similar; all zero where a
    text has no words."""
    chance = np.random.default_rng(0x5EED)
    factors = chance.integers(0, 2**31, BANDS * ROWS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    shifts = chance.integers(0, 2**32, BANDS * ROWS, dtype=np.uint32)
    parts = per_batch(texts, characters, lambda hashes, sizes: _keys(hashes, sizes, factors, shifts))
    return np.concatenate([np.zeros((0, BANDS), np.uint64), *parts])


def candidate_pairs(keys: np.ndarray) -> np.ndarray:
    """Pairs of texts that agree in a band, int64 ``[p, 2]``, first below second, in rising order, each once.

    Of more than twelve texts that agree, each is paired with the first six and with the one before it: enough to find
    that they belong together, without a pair for each two of them.
    """
    n = len(keys)
    found, waiting = [np.zeros(0, np.int64)], 0
    for band in range(BANDS):
        column = np.ascontiguousarray(keys[:, band])
        order = np.argsort(column, kind="stable")
        order = order[column[order] != 0]
        pairs = _pairs(order, column)
        found.append(pairs[:, 0] * n + pairs[:, 1])
        waiting += len(pairs)
        if waiting > _MOST_WAITING:
            found, waiting = [np.unique(np.concatenate(found))], 0
    codes = np.unique(np.concatenate(found))
    return np.stack([codes // max(n, 1), codes % max(n, 1)], axis=1)


@compiled
def _keys(hashes: np.ndarray, sizes: np.ndarray, factors: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    keys = np.zeros((len(sizes), BANDS), np.uint64)
    minima = np.empty(BANDS * ROWS, np.uint32)
    begin = 0
    for i in range(len(sizes)):
        if sizes[i] == 0:
            continue
        minima[:] = np.uint32(0xFFFFFFFF)
        for j in range(begin, begin + sizes[i]):
            value = np.uint32(hashes[j] >> np.uint64(32))
            for k in range(BANDS * ROWS):
                permuted = np.uint32(value * factors[k] + shifts[k])
                minima[k] = min(minima[k], permuted)
        begin += sizes[i]
        for band in range(BANDS):
            key = np.uint64(0)
            for k in range(band * ROWS, (band + 1) * ROWS):
                key = (key ^ np.uint64(minima[k])) * np.uint64(0x9E3779B97F4A7C15)
                key ^= key >> np.uint64(29)
            keys[i, band] = key | np.uint64(1)
    return keys


@compiled
def _pairs(order: np.ndarray, column: np.ndarray) -> np.ndarray:
    total = _walk(order, column, np.empty((0, 2), np.int64))
    pairs = np.empty((total, 2), np.int64)
    _walk(order, column, pairs)
    return pairs


@compiled
def _walk(order: np.ndarray, column: np.ndarray, pairs: np.ndarray) -> int:
    """Write the pairs of each run of equal keys (or count them, where there is no room for any)."""
    count, begin = 0, 0
    while begin < len(order):
        stop = begin + 1
        while stop < len(order) and column[order[stop]] == column[order[begin]]:
            stop += 1
        few = stop - begin <= _ALL_PAIRS_UP_TO
        for i in range(begin + 1, stop):
            last = i if few else min(i, begin + _FIRST)
            for j in range(begin, last):
                if len(pairs):
                    pairs[count, 0], pairs[count, 1] = order[j], order[i]
                count += 1
            if last < i:
                if len(pairs):
                    pairs[count, 0], pairs[count, 1] = order[i - 1], order[i]
                count += 1
        begin = stop
    return count
