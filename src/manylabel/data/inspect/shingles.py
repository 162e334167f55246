"""Runs of three words as 64-bit numbers: what two texts are compared by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.data.inspect.lengths import preparation
from manylabel.text.ngrams import list_ngrams
from manylabel.text.preparation import in_batches
from manylabel.text.threads import available_threads, map_in_threads

WORDS = 3
CHARACTERS = 5
_SHORT = np.uint64(0x9E3779B97F4A7C15)


Result = TypeVar("Result")


def per_batch(texts: Sequence[str], characters: bool, use: Callable[[np.ndarray, np.ndarray], Result]) -> list[Result]:
    """Cut texts batch by batch on all cores and do something with the shingles of each batch.

    A text of fewer words than a shingle has is compared by its single words; one without words has no shingles.

    Args:
        texts: n texts.
        characters: cut into runs of five characters instead of three words.
        use: takes the shingles (uint64) of a batch and how many each text has (int64).

    Returns: what `use` gave, in the order of the texts.
    """
    long = preparation(CHARACTERS if characters else WORDS, characters=characters)
    short = preparation(1, characters=characters)

    def work(bounds: tuple[int, int]) -> Result:
        some = texts[slice(*bounds)]
        slices, sizes = list_ngrams(long(some), long.recipe)
        hashes, empty = slices.hashes, np.flatnonzero(sizes == 0)
        if len(empty):
            few, few_sizes = list_ngrams(short([some[i] for i in empty.tolist()]), short.recipe)
            more = np.zeros_like(sizes)
            more[empty] = few_sizes
            # A single word must not pass for a run of several that happens to have its hash.
            hashes = _interleaved(hashes, sizes, few.hashes ^ _SHORT, more)
            sizes = sizes + more
        return use(hashes, sizes)

    return map_in_threads(work, in_batches(texts), available_threads())


def shingle_sets(texts: Sequence[str], characters: bool) -> tuple[np.ndarray, np.ndarray]:
    """The distinct shingles of each text, sorted (uint64), and where each text's begin and end (int64 ``[n + 1]``)."""
    parts = per_batch(texts, characters, _distinct)
    sizes = [np.zeros(0, np.int64), *(part[1] for part in parts)]
    stops = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
    return np.concatenate([np.zeros(0, np.uint64), *(part[0] for part in parts)]), stops


@compiled
def _interleaved(first: np.ndarray, first_sizes: np.ndarray, other: np.ndarray, other_sizes: np.ndarray) -> np.ndarray:
    """The shingles of each text from whichever has them."""
    joined = np.empty(len(first) + len(other), np.uint64)
    a, b, at = 0, 0, 0
    for i in range(len(first_sizes)):
        for _ in range(first_sizes[i]):
            joined[at] = first[a]
            a += 1
            at += 1
        for _ in range(other_sizes[i]):
            joined[at] = other[b]
            b += 1
            at += 1
    return joined


@compiled
def _distinct(hashes: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = np.empty(len(hashes), np.uint64)
    kept_sizes = np.zeros(len(sizes), np.int64)
    begin, at = 0, 0
    for i in range(len(sizes)):
        ordered = np.sort(hashes[begin : begin + sizes[i]])
        for j in range(len(ordered)):
            if j == 0 or ordered[j] != ordered[j - 1]:
                kept[at] = ordered[j]
                at += 1
                kept_sizes[i] += 1
        begin += sizes[i]
    return kept[:at], kept_sizes
