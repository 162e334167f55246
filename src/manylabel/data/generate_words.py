"""Made-up words that can be pronounced: one for every number, rendered many at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "h", "br", "dr", "kl", "pl", "st", "tr")
_VOWELS = ("a", "e", "i", "o", "u")
_SYLLABLES = [onset + vowel for onset in _ONSETS for vowel in _VOWELS]
_BASE = len(_SYLLABLES)
_WIDTH = 3  # of the longest syllable
_SHORTEST, _LONGEST = 2, 4  # syllables of a word
_STRIDE = 61_803_399  # odd and no multiple of 5, so a permutation modulo a power of 100: neighbours look unalike


def _syllable_table() -> np.ndarray:
    """uint8 ``[101, 3]``: the letters of each syllable, zeros after them; the last row is no syllable."""
    table = np.zeros((_BASE + 1, _WIDTH), dtype=np.uint8)
    for row, syllable in enumerate(_SYLLABLES):
        table[row, : len(syllable)] = list(syllable.encode())
    return table


_TABLE = _syllable_table()


def _digits(numbers: np.ndarray) -> np.ndarray:
    """uint8 ``[n, 4]``: rows of the syllable table that spell each word; small numbers have short words."""
    digits = np.full((len(numbers), _LONGEST), _BASE, dtype=np.uint8)
    first = 0
    for length in range(_SHORTEST, _LONGEST + 1):
        size = _BASE**length
        chosen = np.flatnonzero((numbers >= first) & (numbers < first + size))
        rest = (numbers[chosen] - first) * _STRIDE % size
        for place in range(length):
            digits[chosen, place] = rest % _BASE
            rest //= _BASE
        first += size
    return digits


def render(numbers: np.ndarray, lengths: np.ndarray) -> list[str]:
    """Texts of made-up words, separated by spaces.

    Every vowel ends a syllable, so different numbers always have different words.

    Args:
        numbers: int64 ``[w]``, the words of all texts one after another, each from 0 to below 101,010,000.
        lengths: int64 ``[n]``, at least 1 each, sum ``w``: how many words each text has.
    """
    letters = np.zeros((len(numbers), _LONGEST * _WIDTH + 1), dtype=np.uint8)
    letters[:, :-1] = _TABLE[_digits(np.asarray(numbers, dtype=np.int64))].reshape(len(numbers), -1)
    letters[:, -1] = ord(" ")
    used = letters != 0
    everything = letters[used].tobytes().decode("ascii")
    ends = np.cumsum(used.sum(axis=1))[np.cumsum(lengths) - 1].tolist()
    starts = [0, *ends[:-1]]
    return [everything[start : end - 1] for start, end in zip(starts, ends, strict=True)]


def words(numbers: Sequence[int] | np.ndarray) -> list[str]:
    """The single words of some numbers."""
    array = np.asarray(numbers, dtype=np.int64)
    return render(array, np.ones(len(array), dtype=np.int64))
