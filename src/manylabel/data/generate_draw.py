"""A generated corpus, drawn while it is read.

Documents are drawn in blocks of a fixed size, each from random streams of its own, so that a document depends only on
the configuration and on its position: not on how many are asked for, nor on how they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from manylabel.core.corpus import Document
from manylabel.data.generate_config import GeneratorConfig
from manylabel.data.generate_label_sets import LabelSets, draw_label_sets
from manylabel.data.generate_labels import LabelForest, grow_forest
from manylabel.data.generate_words import render

RECIPE = 1
"""To be raised when equal configurations give other corpora than before."""

_BLOCK = 1024  # documents that share random streams; part of the recipe
_CHUNK = 65_536  # labels whose texts are made at once
_PARENT_WORDS = 0.25  # share of a label's words that it takes from its parent, and so shares with its siblings
_LENGTH_SPREAD = 0.4  # standard deviation of the logarithm of the words per document


class LongTail:
    """A generated corpus; every reading gives the same.

    Args:
        config: what it looks like.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        self.config = config
        self._vocabulary = config.vocabulary_size
        self._label_digits = len(str(config.labels - 1))

    @cached_property
    def forest(self) -> LabelForest:
        """The labels' hierarchy and chances."""
        return grow_forest(self.config.labels, self.config.children, self.config.zipf, self.config.seed)

    def label_name(self, label: int) -> str:
        """Name of a label by position; names sort as positions do."""
        return f"l{label:0{self._label_digits}d}"

    def label_records(self) -> Iterator[dict[str, Any]]:
        """``label``, ``text`` and ``parents`` of every label; a text is two words of its own and one of its parent."""
        count = self.config.labels
        for first in range(0, count, _CHUNK):
            labels = np.arange(first, min(first + _CHUNK, count))
            parents = self.forest.parents[labels]
            source = np.stack([labels, labels, np.maximum(parents, 0)], axis=1)
            words = self._label_words(source, np.array([0, 1, 0]) % self.config.words_per_label)
            lengths = np.where(parents < 0, 2, 3)
            texts = render(words[np.arange(3) < lengths[:, None]], lengths)
            for label, parent, text in zip(labels.tolist(), parents.tolist(), texts, strict=True):
                above = [] if parent < 0 else [self.label_name(parent)]
                yield {"label": self.label_name(label), "text": text, "parents": above}

    def documents(self, start: int = 0, stop: int | None = None) -> Iterator[Document]:
        """The documents from position `start` to before `stop` (by default all)."""
        digits = len(str(self.config.documents - 1))
        for number, low, high in _blocks(start, self.config.documents if stop is None else stop):
            sets = self._label_sets(number)
            texts = self._texts(number, sets)
            names = [self.label_name(label) for label in sets.labels.tolist()]
            edges = sets.indptr.tolist()
            for row in range(low, high):
                identity = f"d{number * _BLOCK + row:0{digits}d}"
                yield Document(texts[row], tuple(names[edges[row] : edges[row + 1]]), id=identity)

    def label_rows(self, start: int = 0, stop: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The labels of the same documents without their texts, as int64 CSR parts ``indptr [n + 1]``, ``indices``.

        Much faster than the documents, for no words are drawn.
        """
        counts, indices = [np.zeros(1, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for number, low, high in _blocks(start, self.config.documents if stop is None else stop):
            sets = self._label_sets(number)
            counts.append(np.diff(sets.indptr[low : high + 1]))
            indices.append(sets.labels[sets.indptr[low] : sets.indptr[high]])
        return np.cumsum(np.concatenate(counts)), np.concatenate(indices)

    # -- always a whole block is drawn, so that its start does not depend on how much of it is wanted ----------------

    def _label_sets(self, block: int) -> LabelSets:
        return draw_label_sets(self.config, self.forest, _BLOCK, np.random.default_rng([self.config.seed, 1, block]))

    def _texts(self, block: int, sets: LabelSets) -> list[str]:
        generator = np.random.default_rng([self.config.seed, 2, block])
        centre = np.log(self.config.words_per_document) - _LENGTH_SPREAD**2 / 2
        lengths = np.exp(centre + _LENGTH_SPREAD * generator.standard_normal(_BLOCK))
        lengths = np.maximum(1, np.rint(lengths)).astype(np.int64)
        rows = np.repeat(np.arange(_BLOCK), lengths)
        # Log-uniform ranks: the chance of rank r is about 1 / r, as the frequencies of words are.
        ranks = np.exp(generator.random(len(rows)) * np.log(self._vocabulary + 1)).astype(np.int64)
        words = np.clip(ranks - 1, 0, self._vocabulary - 1)
        from_labels = np.flatnonzero(generator.random(len(rows)) < self.config.signal)
        words[from_labels] = self._signal(rows[from_labels], sets, generator)
        return render(words, lengths)

    def _signal(self, rows: np.ndarray, sets: LabelSets, generator: np.random.Generator) -> np.ndarray:
        """For each word a label of its document or that label's parent, and one of the words typical of it."""
        which, above, place = generator.random((3, len(rows)))
        counts = np.diff(sets.indptr)[rows]
        labels = sets.labels[sets.indptr[rows] + (which * counts).astype(np.int64)]
        parents = self.forest.parents[labels]
        labels = np.where((above < _PARENT_WORDS) & (parents >= 0), parents, labels)
        # Squared, so that a label has favourite words.
        return self._label_words(labels, (place**2 * self.config.words_per_label).astype(np.int64))

    def _label_words(self, labels: np.ndarray, places: np.ndarray) -> np.ndarray:
        """The word at some place of a label's typical words: scattered over the vocabulary, so labels share some."""
        slots = labels * self.config.words_per_label + places
        return (_scatter(slots, self.config.seed) % np.uint64(self._vocabulary)).astype(np.int64)


def _scatter(values: np.ndarray, seed: int) -> np.ndarray:
    """A pseudo-random uint64 for each integer: the output function of SplitMix64 (Steele, Lea and Flood, 2014)."""
    offset = int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8], "little")
    mixed = values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(offset)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _blocks(start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """The blocks that hold the documents from `start` to before `stop`: number, first and last row wanted."""
    for number in range(start // _BLOCK, -(-stop // _BLOCK)):
        first = number * _BLOCK
        yield number, max(start - first, 0), min(stop - first, _BLOCK)
