"""Cuts a document into the units that n-grams are made of: words, or characters.

The units of a document are written one after the other into a text of their own, already lower-cased and with the
gaps between them normalised, so that **every n-gram is a slice of that text**.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from manylabel.text.characters import SPACE, WORD
from manylabel.text.hashing import BASE
from manylabel.text.integers import ZERO, int64, uint64
from manylabel.text.utf8 import decode, encode

WORDS, TOKENS, CHARACTERS, PADDED = 0, 1, 2, 3
TOKEN_END = 0xFF  # ends each token of a document that was cut beforehand; no byte of UTF-8 has this value
BLANK = int64(32)


class Units(NamedTuple):
    """The units of one document; the arrays are reused for the next.

    Attributes:
        starts: int64, where each unit starts in the text, and one more entry, where a further one would start.
        hashes: uint64, the hash of each unit's bytes.
    """

    starts: np.ndarray
    hashes: np.ndarray


@njit(cache=True, nogil=True)
def room_for_units(length: int) -> Units:
    """Arrays for any document of up to `length` bytes, which has at most so many units and three more blanks."""
    return Units(np.empty(length + 4, np.int64), np.empty(length + 4, np.uint64))


@njit(cache=True, nogil=True)
def room_for_text(length: int, documents: int) -> np.ndarray:
    """A text (uint8) for the units of so many documents of `length` bytes together."""
    # Folding at most doubles a character's bytes; each blank stands for a byte of the source, but for three.
    return np.empty(2 * length + 4 * documents, np.uint8)


@njit(cache=True, nogil=True)
def split(
    source: np.ndarray,
    begin: int,
    stop: int,
    mode: int,
    shortest: int,
    folding: np.ndarray,
    classes: np.ndarray,
    text: np.ndarray,
    end: int,
    units: Units,
) -> tuple[int, int]:
    """Cut ``source[begin:stop]`` into units.

    Args:
        source: UTF-8 bytes.
        begin: first byte of the document.
        stop: the byte behind its last one.
        mode: WORDS: runs of word characters. TOKENS: each ends with TOKEN_END. CHARACTERS: every one, runs of two
            or more white spaces as one blank. PADDED: the characters of each run without white space, with a blank
            before and after; neighbours share theirs.
        shortest: fewest characters of a word (mode WORDS).
        folding: what each code point becomes.
        classes: what each code point is.
        text: receives the units' bytes.
        end: where to begin in it.
        units: receives the units.

    Returns:
        The number of units, and the position in the text behind them.
    """
    if mode == WORDS:
        return _split_words(source, begin, stop, shortest, folding, classes, text, end, units)
    if mode == TOKENS:
        return _split_tokens(source, begin, stop, text, end, units)
    if mode == CHARACTERS:
        return _split_characters(source, begin, stop, folding, classes, text, end, units)
    return _split_padded(source, begin, stop, folding, classes, text, end, units)


@njit(cache=True, nogil=True)
def _split_words(
    source: np.ndarray,
    begin: int,
    stop: int,
    shortest: int,
    folding: np.ndarray,
    classes: np.ndarray,
    text: np.ndarray,
    end: int,
    units: Units,
) -> tuple[int, int]:
    starts, hashes = units
    start, count = end, ZERO
    at = begin
    while at < stop:
        # One word, of no characters where two other characters follow each other.
        value, characters = uint64(0), ZERO
        while at < stop:
            if source[at] < 0x80:
                point = int64(folding[source[at]])
                at += 1
            else:
                point, at = decode(source, at)
                point = int64(folding[point])
            if not classes[point] & WORD:
                break
            if point < 0x80:
                text[end] = point
                end += 1
                value = value * BASE + uint64(point)
            else:
                before = end
                end = encode(point, text, end)
                for i in range(before, end):
                    value = value * BASE + uint64(text[i])
            characters += 1
        if characters >= shortest:
            starts[count], hashes[count] = start, value
            text[end] = BLANK
            start = end + 1
            count += 1
        end = start
    starts[count] = end
    return count, end


@njit(cache=True, nogil=True)
def _split_tokens(
    source: np.ndarray, begin: int, stop: int, text: np.ndarray, end: int, units: Units
) -> tuple[int, int]:
    starts, hashes = units
    start, count = end, ZERO
    value = uint64(0)
    for at in range(begin, stop):
        byte = source[at]
        if byte != TOKEN_END:
            text[end] = byte
            value = value * BASE + uint64(byte)
        else:
            starts[count], hashes[count] = start, value
            text[end] = BLANK
            start = end + 1
            count += 1
            value = uint64(0)
        end += 1
    starts[count] = end
    return count, end


@njit(cache=True, nogil=True)
def _split_characters(
    source: np.ndarray,
    begin: int,
    stop: int,
    folding: np.ndarray,
    classes: np.ndarray,
    text: np.ndarray,
    end: int,
    units: Units,
) -> tuple[int, int]:
    count = ZERO
    at = begin
    while at < stop:
        point, at = decode(source, at)
        point = int64(folding[point])
        if classes[point] & SPACE:
            first = at
            while at < stop:
                following, behind = decode(source, at)
                if not classes[folding[following]] & SPACE:
                    break
                at = behind
            if at > first:
                point = BLANK
        end = _add_character(point, text, end, units, count)
        count += 1
    units.starts[count] = end
    return count, end


@njit(cache=True, nogil=True)
def _split_padded(
    source: np.ndarray,
    begin: int,
    stop: int,
    folding: np.ndarray,
    classes: np.ndarray,
    text: np.ndarray,
    end: int,
    units: Units,
) -> tuple[int, int]:
    count = ZERO
    at = begin
    between = True
    while at < stop:
        point, at = decode(source, at)
        point = int64(folding[point])
        space = classes[point] & SPACE != 0
        if not space and count == 0:
            end = _add_character(BLANK, text, end, units, count)
            count += 1
        if not (space and between):
            end = _add_character(BLANK if space else point, text, end, units, count)
            count += 1
        between = space
    if not between:
        end = _add_character(BLANK, text, end, units, count)
        count += 1
    units.starts[count] = end
    return count, end


@njit(cache=True, nogil=True, inline="always")
def _add_character(point: int, text: np.ndarray, end: int, units: Units, count: int) -> int:
    """Write a character as the unit of number `count`; returns the position behind it."""
    behind = encode(point, text, end)
    value = uint64(0)
    for i in range(end, behind):
        value = value * BASE + uint64(text[i])
    units.starts[count], units.hashes[count] = end, value
    return behind
