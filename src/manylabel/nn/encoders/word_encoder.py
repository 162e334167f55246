"""What encoders of words have in common: a vocabulary and vectors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np

from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.encoders.base import Masking
from manylabel.nn.encoders.embedding import Embedding, check_sizes, make_embedding
from manylabel.nn.encoders.embedding_config import WordEncoderConfig
from manylabel.nn.encoders.token_encoder import TokenEncoder
from manylabel.nn.encoders.words import PADDING, UNKNOWN, Words

_WORDS = "words.safetensors"
_SIZES = "sizes.json"


class WordEncoder(TokenEncoder):
    """Base of the encoders that read words; a subclass adds what comes behind their vectors in :meth:`build`.

    Attributes:
        embedding: the vectors of words.
    """

    embedding: Embedding
    empty = UNKNOWN

    def __init__(self, section: WordEncoderConfig) -> None:
        super().__init__()
        self.longest = section.max_length
        self._section = section
        self._words: Words | None = None

    @abstractmethod
    def build(self, width: int) -> None:
        """Make all parameters but the embedding, and say how wide the states are.

        Args:
            width: numbers of a word's vector.
        """

    def fit(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Self:
        """Count the words and read their vectors; see :meth:`Encoder.fit`."""
        section = self._section
        self._words, counts = Words.learn(
            texts, characters=section.characters, min_count=section.min_count, max_words=section.max_words
        )
        self.embedding = make_embedding(section.embeddings, self._words, counts, progress)
        self.build(self.embedding.table.embedding_dim)
        return self

    def tokens(self, texts: Sequence[str], *, progress: Progress = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """The words of whole texts; see :meth:`TokenEncoder.tokens`."""
        del progress
        assert self._words is not None
        return self._words.number(texts)

    def masking(self) -> Masking:
        """Unknown words stand for masked ones; see :meth:`Encoder.masking`."""
        assert self._words is not None
        return Masking(UNKNOWN, len(self._words), (PADDING,))

    def write(self, writer: RunWriter) -> None:
        """Write the words; see :meth:`Encoder.write`."""
        assert self._words is not None
        writer.arrays(_WORDS, self._words.to_arrays())
        writer.json(_SIZES, {"embedding_width": self.embedding.table.embedding_dim})

    def restore(self, run: RunDirectory) -> None:
        """Read the words and make the parameters; see :meth:`Encoder.restore`."""
        sizes = run.read_json(_SIZES)
        check_sizes(sizes, "embedding_width")
        self._words = Words.from_arrays(run.read_arrays(_WORDS), characters=self._section.characters)
        self.embedding = Embedding(self._section.embeddings, len(self._words), sizes["embedding_width"])
        self.build(sizes["embedding_width"])
