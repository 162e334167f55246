"""A set of byte strings, numbered in the order of arrival: a hash table with open addressing that compares bytes."""

from __future__ import annotations

import numpy as np
from numba import njit

from manylabel.text.equality import same_bytes
from manylabel.text.hashing import hash_bytes, spread
from manylabel.text.integers import int64, uint64
from manylabel.text.ngrams import Slices

_LOW = uint64(0xFFFFFFFF)
_HALF = uint64(32)
_ONE = uint64(1)
_EMPTY = uint64(0)


class Terms:
    """Terms by number; at most 2**31 - 1 of them.

    Attributes:
        count: how many terms there are.
        stops: int64, ``stops[i]`` to ``stops[i + 1]`` is where term i lies in `blob`.
        blob: uint8, the terms' bytes, one after the other.
        hashes: uint64, spread hash of each term, so that a larger table can be filled without reading the terms.
        slots: uint64, a power of two of them; the number of a term plus one in the low half, the upper half of its
            hash in the other; 0 is an empty slot.

    All arrays are longer than what is used of them.
    """

    def __init__(self) -> None:
        self.count = 0
        self.stops = np.zeros(1025, np.int64)
        self.blob = np.empty(8192, np.uint8)
        self.hashes = np.empty(1024, np.uint64)
        self.slots = np.zeros(slots_for(1024), np.uint64)

    def number(self, slices: Slices) -> np.ndarray:
        """The number of each slice (int64), adding those that are new."""
        self._reserve(len(slices.begins), int((slices.stops - slices.begins).sum()))
        numbers = np.empty(len(slices.begins), np.int64)
        self.count = _number(*slices, self.slots, self.stops, self.blob, self.hashes, self.count, numbers)
        return numbers

    def merge(self, others: Terms) -> np.ndarray:
        """Add the terms of another set; returns the number here of each term there (int64)."""
        count = others.count
        return self.number(
            Slices(others.blob, others.stops[:count], others.stops[1 : count + 1], others.hashes[:count])
        )

    def take(self, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The terms of the given numbers one after the other: their bytes (uint8), and int64 stops like `stops`."""
        return _take(self.blob, self.stops, order)

    def _reserve(self, more: int, more_bytes: int) -> None:
        count = self.count
        used = int(self.stops[count])
        if count + more > len(self.hashes):
            capacity = max(count + more, 2 * len(self.hashes))
            self.hashes = _longer(self.hashes, count, capacity)
            self.stops = _longer(self.stops, count + 1, capacity + 1)
        if used + more_bytes > len(self.blob):
            self.blob = _longer(self.blob, used, max(used + more_bytes, 2 * len(self.blob)))
        if len(self.slots) < slots_for(count + more):
            self.slots = np.zeros(slots_for(count + more), np.uint64)
            _refill(self.slots, self.hashes, count)


def slots_for(terms: int) -> int:
    """How many slots keep a table of so many terms at most two thirds full."""
    return max(16, 1 << (3 * terms // 2 - 1).bit_length())


def index(blob: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """The slots (as in :class:`Terms`) of a table over terms given by their bytes and stops."""
    slots = np.zeros(slots_for(len(stops) - 1), np.uint64)
    _index(slots, blob, stops)
    return slots


@njit(cache=True, nogil=True)
def look_up(
    text: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    hashes: np.ndarray,
    slots: np.ndarray,
    stops: np.ndarray,
    blob: np.ndarray,
) -> np.ndarray:
    """The number of each slice of a text (int64), -1 for those that are no term."""
    numbers = np.empty(len(begins), np.int64)
    for i in range(len(begins)):
        numbers[i] = _find(slots, stops, blob, text, begins[i], ends[i], hashes[i])
    return numbers


def _longer(array: np.ndarray, used: int, capacity: int) -> np.ndarray:
    longer = np.empty(capacity, array.dtype)
    longer[:used] = array[:used]
    return longer


@njit(cache=True, nogil=True, inline="always")
def _find(
    slots: np.ndarray, stops: np.ndarray, blob: np.ndarray, text: np.ndarray, begin: int, end: int, value: int
) -> int:
    """The number of the term ``text[begin:end]`` with the spread hash `value`; -1 if it is not there."""
    mask = uint64(len(slots) - 1)
    slot = value & mask
    while True:
        entry = slots[slot]
        if entry == _EMPTY:
            return int64(-1)
        if (entry ^ value) >> _HALF == _EMPTY:
            term = int64(entry & _LOW) - 1
            start = int64(stops[term])
            length = int64(stops[term + 1]) - start
            if length == end - begin and same_bytes(blob, start, text, begin, length):
                return term
        slot = (slot + _ONE) & mask


@njit(cache=True, nogil=True, inline="always")
def _place(slots: np.ndarray, value: int, term: int) -> None:
    """Put a term that is not there yet into the first free slot from its own on."""
    mask = uint64(len(slots) - 1)
    slot = value & mask
    while slots[slot] != _EMPTY:
        slot = (slot + _ONE) & mask
    slots[slot] = ((value >> _HALF) << _HALF) | uint64(term + 1)


@njit(cache=True, nogil=True)
def _number(
    text: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    values: np.ndarray,
    slots: np.ndarray,
    stops: np.ndarray,
    blob: np.ndarray,
    hashes: np.ndarray,
    count: int,
    numbers: np.ndarray,
) -> int:
    """Write the number of each slice to `numbers`; returns how many terms there are then. Room must be there."""
    for i in range(len(begins)):
        term = _find(slots, stops, blob, text, begins[i], ends[i], values[i])
        if term < 0:
            term = count
            start = stops[term]
            for k in range(ends[i] - begins[i]):
                blob[start + k] = text[begins[i] + k]
            stops[term + 1] = start + ends[i] - begins[i]
            hashes[term] = values[i]
            _place(slots, values[i], term)
            count += 1
        numbers[i] = term
    return count


@njit(cache=True, nogil=True)
def _refill(slots: np.ndarray, hashes: np.ndarray, count: int) -> None:
    for term in range(count):
        _place(slots, hashes[term], term)


@njit(cache=True, nogil=True)
def _index(slots: np.ndarray, blob: np.ndarray, stops: np.ndarray) -> None:
    for term in range(len(stops) - 1):
        _place(slots, spread(hash_bytes(blob, stops[term], stops[term + 1])), term)


@njit(cache=True, nogil=True)
def _take(blob: np.ndarray, stops: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    new_stops = np.zeros(len(order) + 1, np.int64)
    for i in range(len(order)):
        new_stops[i + 1] = new_stops[i] + stops[order[i] + 1] - stops[order[i]]
    new_blob = np.empty(new_stops[-1], np.uint8)
    for i in range(len(order)):
        for k in range(new_stops[i + 1] - new_stops[i]):
            new_blob[new_stops[i] + k] = blob[stops[order[i]] + k]
    return new_blob, new_stops
