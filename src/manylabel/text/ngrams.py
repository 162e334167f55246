"""Lists the n-grams of a batch of documents as slices of a text, with their hashes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from manylabel.text.hashing import BASE, append, spread
from manylabel.text.integers import ONE, ZERO, uint64
from manylabel.text.units import BLANK, PADDED, TOKENS, WORDS, Units, room_for_text, room_for_units, split


class Recipe(NamedTuple):
    """What the compiled loops need to know of the configuration.

    Attributes:
        mode: how documents are cut, one of the modes of :mod:`manylabel.text.units`.
        shortest_word: fewest characters of a word.
        shortest: fewest units of an n-gram.
        longest: most units of an n-gram.
    """

    mode: int
    shortest_word: int
    shortest: int
    longest: int


class Batch(NamedTuple):
    """Documents as the compiled loops read them.

    Attributes:
        source: uint8, their UTF-8 bytes, one document after the other.
        stops: int64 ``[n]``, the byte behind each document.
        folding: uint32, what each code point becomes; enough of the table for all that occur.
        classes: uint8, what each code point is; likewise.
    """

    source: np.ndarray
    stops: np.ndarray
    folding: np.ndarray
    classes: np.ndarray


class Slices(NamedTuple):
    """Byte strings as slices of a text.

    Attributes:
        text: uint8.
        begins: int64, first byte of each.
        stops: int64, the byte behind each.
        hashes: uint64, spread hash of each.
    """

    text: np.ndarray
    begins: np.ndarray
    stops: np.ndarray
    hashes: np.ndarray


@njit(cache=True, nogil=True)
def list_ngrams(batch: Batch, recipe: Recipe) -> tuple[Slices, np.ndarray]:
    """All n-grams of a batch, repetitions included.

    Returns:
        The n-grams, document after document, and how many each document has (int64 ``[n]``).
    """
    documents = len(batch.stops)
    text = room_for_text(len(batch.source), documents)
    units = room_for_units(_longest(batch.stops))
    some = len(batch.source) // 4 + 16
    begins, stops, hashes = np.empty(some, np.int64), np.empty(some, np.int64), np.empty(some, np.uint64)
    sizes = np.empty(documents, np.int64)
    begin, end, found = ZERO, ZERO, ZERO
    for document in range(documents):
        stop = batch.stops[document]
        count, end = split(
            batch.source,
            begin,
            stop,
            recipe.mode,
            recipe.shortest_word,
            batch.folding,
            batch.classes,
            text,
            end,
            units,
        )
        lengths = max(ZERO, min(recipe.longest, count) - recipe.shortest + 1)
        # A padded word shorter than the shortest n-gram counts once, hence one more than there are lengths.
        needed = found + count * (lengths + 1)
        if needed > len(begins):
            capacity = max(needed, 2 * len(begins))
            begins, stops = _longer(begins, found, capacity), _longer(stops, found, capacity)
            hashes = _longer(hashes, found, capacity)
        behind = _list_in_document(units, count, text, recipe, begins, stops, hashes, found)
        sizes[document] = behind - found
        begin, found = stop, behind
    return Slices(text, begins[:found], stops[:found], hashes[:found]), sizes


@njit(cache=True, nogil=True)
def _list_in_document(
    units: Units,
    count: int,
    text: np.ndarray,
    recipe: Recipe,
    begins: np.ndarray,
    stops: np.ndarray,
    hashes: np.ndarray,
    found: int,
) -> int:
    """Write the n-grams of a document from the position `found` on; returns the position behind them."""
    if recipe.mode != PADDED:
        gap = ONE if recipe.mode in (WORDS, TOKENS) else ZERO
        return _list_between(units, ZERO, count, gap, recipe.shortest, recipe.longest, begins, stops, hashes, found)
    first = ZERO
    while first + 1 < count:
        last = first + 1
        while text[units.starts[last]] != BLANK:
            last += 1
        # A word too short for the shortest n-gram stands for itself, once.
        shortest = min(recipe.shortest, last - first + 1)
        found = _list_between(units, first, last + 1, ZERO, shortest, recipe.longest, begins, stops, hashes, found)
        first = last
    return found


@njit(cache=True, nogil=True, inline="always")
def _list_between(
    units: Units,
    first: int,
    stop: int,
    gap: int,
    shortest: int,
    longest: int,
    begins: np.ndarray,
    stops: np.ndarray,
    hashes: np.ndarray,
    found: int,
) -> int:
    """The n-grams of the units from `first` to before `stop`; `gap` is the width of the blank behind each unit."""
    for i in range(first, stop):
        value = uint64(0)
        for k in range(i, min(stop, i + longest)):
            end = units.starts[k + 1] - gap
            if k == i:
                value = units.hashes[k]
            else:
                if gap:
                    value = value * BASE + uint64(BLANK)
                value = append(value, units.hashes[k], end - units.starts[k])
            if k - i + 1 >= shortest:
                begins[found] = units.starts[i]
                stops[found] = end
                hashes[found] = spread(value)
                found += 1
    return found


@njit(cache=True, nogil=True)
def _longer(array: np.ndarray, used: int, capacity: int) -> np.ndarray:
    longer = np.empty(capacity, array.dtype)
    for i in range(used):
        longer[i] = array[i]
    return longer


@njit(cache=True, nogil=True)
def _longest(stops: np.ndarray) -> int:
    longest, begin = ZERO, ZERO
    for stop in stops:
        longest = max(longest, stop - begin)
        begin = stop
    return longest
