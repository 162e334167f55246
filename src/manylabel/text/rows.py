"""Turns the term numbers of a document into a sorted, weighted row of a sparse matrix."""

from __future__ import annotations

import numpy as np
from numba import njit

from manylabel.text.integers import ZERO, int64, uint64

_FEW = 48
_HALF = uint64(32)
_COLUMN_BIT = int64(32)
_LOW = uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def sort_keys(keys: np.ndarray, spare: np.ndarray, count: int, low_bit: int, high_bit: int) -> None:
    """Sort ``keys[:count]`` (uint64) by the bits from `low_bit` up to `high_bit`, in place and stable.

    Radix sort: the cost of a row of several hundred terms is a few passes over it, where comparing would need ten.
    `spare` is as long as `keys`.
    """
    if count <= _FEW:
        _sort_few(keys, count, uint64(low_bit))
        return
    source, target = keys, spare
    places = np.empty(256, np.int64)
    for bit in range(low_bit, high_bit, 8):
        shift = uint64(bit)
        places[:] = 0
        for i in range(count):
            places[(source[i] >> shift) & uint64(0xFF)] += 1
        total = 0
        for digit in range(256):
            total, places[digit] = total + places[digit], total
        for i in range(count):
            digit = (source[i] >> shift) & uint64(0xFF)
            target[places[digit]] = source[i]
            places[digit] += 1
        source, target = target, source
    if ((high_bit - low_bit + 7) // 8) % 2 == 1:
        for i in range(count):
            keys[i] = spare[i]


@njit(cache=True, nogil=True)
def _sort_few(keys: np.ndarray, count: int, shift: int) -> None:
    for i in range(1, count):
        key = keys[i]
        k = i
        while k > 0 and (keys[k - 1] >> shift) > (key >> shift):
            keys[k] = keys[k - 1]
            k -= 1
        keys[k] = key


@njit(cache=True, nogil=True)
def bits_of(count: int) -> int:
    """How many bits write the numbers below `count`."""
    bits = 0
    while (1 << bits) < count:
        bits += 1
    return bits


@njit(cache=True, nogil=True)
def tally(numbers: np.ndarray, sizes: np.ndarray, terms: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count how often each document has each term.

    Args:
        numbers: the numbers of its n-grams, document after document, below `terms`; negative ones are left out.
        sizes: int64 ``[n]``, how many n-grams each document has.
        terms: how many terms there are.

    Returns:
        Distinct terms per document (int64 ``[n]``), their numbers, rising in each document (int32), and how often
        each came (int32).
    """
    longest = ZERO
    for size in sizes:
        longest = max(longest, size)
    keys, spare = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    distinct = np.empty(len(sizes), np.int64)
    ids, counts = np.empty(len(numbers), np.int32), np.empty(len(numbers), np.int32)
    bits = bits_of(terms)
    begin, at = ZERO, ZERO
    for document in range(len(sizes)):
        known = ZERO
        for i in range(begin, begin + sizes[document]):
            if numbers[i] >= 0:
                keys[known] = numbers[i]
                known += 1
        sort_keys(keys, spare, known, ZERO, bits)
        first = at
        for i in range(known):
            if i == 0 or keys[i] != keys[i - 1]:
                ids[at] = keys[i]
                counts[at] = 1
                at += 1
            else:
                counts[at - 1] += 1
        distinct[document] = at - first
        begin += sizes[document]
    return distinct, ids[:at], counts[:at]


@njit(cache=True, nogil=True)
def kept_sizes(sizes: np.ndarray, ids: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """How many of each row's terms have a column (int64); a term without one has column -1."""
    kept = np.zeros(len(sizes), np.int64)
    at = 0
    for row in range(len(sizes)):
        for i in range(at, at + sizes[row]):
            kept[row] += columns[ids[i]] >= 0
        at += sizes[row]
    return kept


@njit(cache=True, nogil=True)
def place_rows(
    sizes: np.ndarray,
    ids: np.ndarray,
    counts: np.ndarray,
    columns: np.ndarray,
    features: int,
    indices: np.ndarray,
    data: np.ndarray,
) -> None:
    """Rename the terms of rows to columns, drop those without, and sort each row by column.

    Args:
        sizes: int64, terms of each row.
        ids: int32, term numbers, row after row.
        counts: int32, how often each term came.
        columns: the column of each term, or -1.
        features: the number of columns.
        indices: receives the columns, as many as have been kept.
        data: float32, receives the counts.
    """
    widest = ZERO
    for row in range(len(sizes)):
        widest = max(widest, sizes[row])
    keys, spare = np.empty(widest, np.uint64), np.empty(widest, np.uint64)
    high_bit = _COLUMN_BIT + bits_of(features)
    at, written = ZERO, ZERO
    for row in range(len(sizes)):
        kept = ZERO
        for i in range(at, at + sizes[row]):
            column = columns[ids[i]]
            if column >= 0:
                keys[kept] = (uint64(column) << _HALF) | uint64(counts[i])
                kept += 1
        at += sizes[row]
        sort_keys(keys, spare, kept, _COLUMN_BIT, high_bit)
        for i in range(kept):
            indices[written] = keys[i] >> _HALF
            data[written] = keys[i] & _LOW
            written += 1


@njit(cache=True, nogil=True)
def weigh(sizes: np.ndarray, indices: np.ndarray, data: np.ndarray, idf: np.ndarray, unit_length: bool) -> None:
    """Multiply term frequencies by their idf and scale each row to unit length, in place.

    Rounds where scikit-learn rounds: products in float32, the sum of squares and the division in float64.
    """
    at = 0
    for row in range(len(sizes)):
        stop = at + sizes[row]
        squares = 0.0
        for i in range(at, stop):
            data[i] = data[i] * idf[indices[i]]
            squares += np.float64(data[i] * data[i])
        if unit_length and squares > 0.0:
            length = np.sqrt(squares)
            for i in range(at, stop):
                data[i] = data[i] / length
        at = stop


@njit(cache=True, nogil=True)
def add_document_frequencies(ids: np.ndarray, frequencies: np.ndarray) -> None:
    """Add to each term's document frequency (int64) how many rows it stands in; `ids` has each row's terms once."""
    for term in ids:
        frequencies[term] += 1


@njit(cache=True, nogil=True)
def add_term_frequencies(ids: np.ndarray, counts: np.ndarray, numbers: np.ndarray, frequencies: np.ndarray) -> None:
    """Add counts to each term's total (float32), document by document, as scikit-learn sums a float32 matrix.

    Above 2**24 such a sum depends on its order, and ties at the border of ``max_features`` on the sum.
    """
    for i in range(len(ids)):
        frequencies[numbers[ids[i]]] += np.float32(counts[i])
