"""The mean of pretrained word vectors as an encoder, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError
from manylabel.core.progress import Advance
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.frozen.base import FrozenEncoder, ignore, unit_length
from manylabel.nn.frozen.word_vector_files import read_vectors
from manylabel.nn.frozen.word_vectors_config import WordVectorsConfig
from manylabel.text.tokens import Tokenizer
from manylabel.text.vocabulary import Vocabulary

_FILE = "words.safetensors"
_TEXTS_AT_ONCE = 1024


class WordVectors(FrozenEncoder):
    """The weighted mean of the vectors of a text's words.

    A word weighs ``a / (a + p)``, where p is its share of all words of the training texts (smooth inverse frequency,
    Arora, Liang and Ma 2017, without their removal of the common component). Words are runs of letters and digits in
    lower case. A run keeps the words that stand in the training texts and in the file, and no others.
    """

    def __init__(self, config: WordVectorsConfig) -> None:
        self.config = config
        self._vocabulary: Vocabulary | None = None
        self._weighted = np.zeros((0, 0), np.float32)

    @property
    def width(self) -> int:
        """Numbers of a word's vector; see :attr:`FrozenEncoder.width`."""
        return self._weighted.shape[1]

    def fit(self, texts: Sequence[str]) -> Self:
        """Count the words, and read their vectors; see :meth:`FrozenEncoder.fit`."""
        words, numbers, _ = Tokenizer().learn(texts)
        terms = words.terms()
        wanted = {term: number for number, term in enumerate(terms)}
        found = read_vectors(self.config.vectors, self.config.vocabulary, wanted)
        if not found:
            raise InputError("has no word of the training texts", path=self.config.vectors, remedy="check its language")
        kept = np.array(sorted(found))
        share = np.bincount(numbers, minlength=len(terms))[kept] / len(numbers)
        weights = self.config.smoothing / (self.config.smoothing + share)
        self._vocabulary = Vocabulary.of([terms[number] for number in kept.tolist()])
        self._weighted = (np.stack([found[number] for number in kept.tolist()]) * weights[:, None]).astype(np.float32)
        return self

    def encode(self, texts: Sequence[str], advance: Advance = ignore) -> np.ndarray:
        """The weighted means; see :meth:`FrozenEncoder.encode`."""
        assert self._vocabulary is not None
        vectors = np.zeros((len(texts), self.width), np.float32)
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = texts[start : start + _TEXTS_AT_ONCE]
            numbers, sizes = Tokenizer().number(part, self._vocabulary)
            known = numbers >= 0
            rows = np.repeat(np.arange(len(part)), sizes)[known]
            shape = (len(part), len(self._vocabulary))
            counts = csr_matrix((np.ones(len(rows), np.float32), (rows, numbers[known])), shape=shape)
            vectors[start : start + len(part)] = unit_length(counts @ self._weighted)
            advance(len(part))
        return vectors

    def write(self, writer: RunWriter) -> None:
        """Write words and vectors; see :meth:`FrozenEncoder.write`."""
        assert self._vocabulary is not None
        writer.arrays(_FILE, {**self._vocabulary.to_arrays(), "weighted": self._weighted})

    def restore(self, run: RunDirectory) -> None:
        """Read words and vectors; see :meth:`FrozenEncoder.restore`."""
        arrays = run.read_arrays(_FILE)
        self._vocabulary, self._weighted = Vocabulary.from_arrays(arrays), arrays["weighted"]
        if self._weighted.ndim != 2 or len(self._weighted) != len(self._vocabulary):
            raise ValueError("the word vectors have the wrong shape")
