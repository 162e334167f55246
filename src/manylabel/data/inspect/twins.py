"""Equal and similar texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.core.progress import SILENT, Progress
from manylabel.data.inspect.minhash import band_keys, candidate_pairs
from manylabel.data.inspect.shingles import shingle_sets

_PAIRS_AT_ONCE = 200_000


@dataclass(frozen=True, eq=False)
class Twins:
    """Which of n texts are equal, and which pairs of different ones are similar.

    Attributes:
        first: int64 ``[n]``, the first text that equals each one; a text without characters equals none.
        pairs: int64 ``[p, 2]``, similar texts, each the first of its equals, the first below the second.
        similarity: float32 ``[p]``, what part of their shingles they share (Jaccard).
    """

    first: np.ndarray
    pairs: np.ndarray
    similarity: np.ndarray


def find_twins(texts: Sequence[str], similarity: float, *, characters: bool, progress: Progress = SILENT) -> Twins:
    """Find equal and similar texts. Similar ones are candidates of MinHash whose shingles were then compared in full.

    Args:
        texts: n texts.
        similarity: two texts are similar where they share this part of their shingles, Jaccard, in (0, 1].
        characters: shingles are runs of characters instead of words.
        progress: counts the texts.
    """
    first = first_equal(texts)
    leaders = np.flatnonzero((first == np.arange(len(texts))) & [bool(text.strip()) for text in texts])
    with progress.task("comparing texts", len(texts)) as advance:
        keys = band_keys([texts[i] for i in leaders.tolist()], characters=characters)
        pairs = leaders[candidate_pairs(keys)]
        del keys
        parts = [np.zeros(0, np.float32)]
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            parts.append(jaccard(texts, pairs[start : start + _PAIRS_AT_ONCE], characters=characters))
        advance(len(texts))
    shared = np.concatenate(parts)
    similar = shared >= np.float32(similarity)
    return Twins(first, pairs[similar], shared[similar])


def first_equal(texts: Sequence[str]) -> np.ndarray:
    """int64 ``[n]``: the first text equal to each one; blank texts stand for themselves."""
    known: dict[str, int] = {}
    return np.fromiter(
        (known.setdefault(text, row) if text.strip() else row for row, text in enumerate(texts)), np.int64, len(texts)
    )


def jaccard(texts: Sequence[str], pairs: np.ndarray, *, characters: bool) -> np.ndarray:
    """The part of their shingles that the texts of each pair share, float32 ``[p]``."""
    rows, places = np.unique(pairs, return_inverse=True)
    own: list[int] = rows.tolist()
    hashes, stops = shingle_sets([texts[i] for i in own], characters)
    return _jaccard(hashes, stops, places.reshape(-1, 2))


@compiled
def _jaccard(hashes: np.ndarray, stops: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    shared = np.empty(len(pairs), np.float32)
    for p in range(len(pairs)):
        a, a_stop = stops[pairs[p, 0]], stops[pairs[p, 0] + 1]
        b, b_stop = stops[pairs[p, 1]], stops[pairs[p, 1] + 1]
        either, both = (a_stop - a) + (b_stop - b), 0
        while a < a_stop and b < b_stop:
            if hashes[a] == hashes[b]:
                both += 1
                a += 1
                b += 1
            elif hashes[a] < hashes[b]:
                a += 1
            else:
                b += 1
        shared[p] = both / (either - both) if either > both else 0.0
    return shared
