"""Where the names of labels stand in texts, word for word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.data.inspect.words import Words
from manylabel.text.tokens import Tokenizer

LONGEST = 6
"""Words of a name that is looked for at most."""

_BASE = np.uint64(0x9E3779B97F4A7C15)


def names_in_texts(names: Sequence[str], words: Words, *, characters: bool) -> csr_matrix:
    """Which documents hold which names, bool CSR ``[m, L]``.

    Args:
        names: of L labels; one of more than six words (in writing without spaces, characters) is not looked for.
        words: of m documents.
        characters: a word is a character.
    """
    numbers, sizes = Tokenizer(characters=characters).number(names, words.vocabulary)
    begins = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    unknown = np.zeros(len(names), bool)
    np.logical_or.at(unknown, np.repeat(np.arange(len(names)), sizes), numbers < 0)
    usable = np.flatnonzero((sizes > 0) & (sizes <= LONGEST) & ~unknown)
    keys = np.array([_key(numbers[begins[i] : begins[i] + sizes[i]]) for i in usable.tolist()], np.uint64)
    order = np.argsort(keys, kind="stable")
    lengths = np.isin(np.arange(LONGEST + 1), sizes[usable])
    rows, columns = _find(words.numbers, words.sizes, keys[order], usable[order], lengths)
    matrix = csr_matrix((np.ones(len(rows), bool), (rows, columns)), (len(words.sizes), len(names)))
    matrix.sum_duplicates()
    return matrix


@compiled
def _key(numbers: np.ndarray) -> np.uint64:
    """A number for a run of words; two runs that share one are as unlikely as two equal 64-bit numbers."""
    key = np.uint64(0)
    for number in numbers:
        key = (key + np.uint64(number) + np.uint64(1)) * _BASE
        key ^= key >> np.uint64(29)
    return key


@compiled
def _find(
    numbers: np.ndarray, sizes: np.ndarray, keys: np.ndarray, labels: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Document and label of each place where a name stands."""
    bits = 22
    seen = np.zeros(1 << bits, np.bool_)  # most runs of words are no name: this tells without a search
    for key in keys:
        seen[key >> np.uint64(64 - bits)] = True
    rows, columns = np.empty(1024, np.int32), np.empty(1024, np.int32)
    count, begin = 0, 0
    for row in range(len(sizes)):
        stop = begin + sizes[row]
        for start in range(begin, stop):
            key = np.uint64(0)
            for length in range(1, min(len(lengths), stop - start + 1)):
                key = (key + np.uint64(numbers[start + length - 1]) + np.uint64(1)) * _BASE
                key ^= key >> np.uint64(29)
                if not lengths[length] or not seen[key >> np.uint64(64 - bits)]:
                    continue
                place = np.searchsorted(keys, key)
                while place < len(keys) and keys[place] == key:
                    if count == len(rows):
                        rows = np.concatenate((rows, np.empty_like(rows)))
                        columns = np.concatenate((columns, np.empty_like(columns)))
                    rows[count], columns[count] = row, labels[place]
                    count += 1
                    place += 1
        begin = stop
    return rows[:count], columns[:count]
