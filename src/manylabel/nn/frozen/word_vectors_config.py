"""The options of the encoder `word-vectors`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from manylabel.core.config import Section


class WordVectorsConfig(Section):
    """Options of the encoder `word-vectors`."""

    kind: Literal["word-vectors"] = "word-vectors"
    vectors: str = Field(
        min_length=1,
        description="File of vectors: lines of a word and its numbers (GloVe, word2vec, fastText; with or without "
        "header, also compressed), or a .npy matrix.",
    )
    vocabulary: str | None = Field(default=None, description="The words of a .npy matrix, one a line.")
    smoothing: float = Field(
        default=1e-3, gt=0, description="a of the weight a / (a + p) of a word that makes up the share p of all words."
    )

    @model_validator(mode="after")
    def _words_beside_a_matrix(self) -> Self:
        matrix = self.vectors.lower().endswith(".npy")
        if matrix and self.vocabulary is None:
            raise ValueError("a .npy matrix needs its words: name their file as vocabulary")
        if not matrix and self.vocabulary is not None:
            raise ValueError("vocabulary is for a .npy matrix: other files have their words inside")
        return self
