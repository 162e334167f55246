"""The options of the vectors of words, and of all encoders that read words."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from manylabel.core.config import Section, Shorthand


class EmbeddingConfig(Section):
    """Options of the vectors of words."""

    width: int | None = Field(
        default=None, ge=1, description="Numbers of a word's vector; as many as in the file, or 100."
    )
    vectors: str | None = Field(
        default=None,
        min_length=1,
        description="File of pretrained vectors: lines of a word and its numbers (GloVe, word2vec, fastText; with or "
        "without header, also compressed), or a .npy matrix.",
    )
    vocabulary: str | None = Field(default=None, description="The words of a .npy matrix, one a line.")
    trained: bool = Field(default=True, description="Whether the vectors are trained; otherwise they stay as they are.")
    sparse: bool = Field(
        default=False, description="Gradients hold the words of a batch alone; for an optimizer that takes such ones."
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Share of the numbers that training drops.")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        matrix = self.vectors is not None and self.vectors.lower().endswith(".npy")
        if matrix and self.vocabulary is None:
            raise ValueError("a .npy matrix needs its words: name their file as vocabulary")
        if not matrix and self.vocabulary is not None:
            raise ValueError("vocabulary is for a .npy matrix: other files have their words inside")
        if self.sparse and not self.trained:
            raise ValueError("sparse is for vectors that are trained")
        return self


class WordEncoderConfig(Section):
    """Options that all encoders of words share."""

    embeddings: Annotated[EmbeddingConfig, Shorthand()] = Field(
        default=EmbeddingConfig(), description="The vectors of words; a bare string names their file."
    )
    characters: bool = Field(
        default=False,
        description="A token is a character, for scripts without spaces, not a run of letters and digits.",
    )
    min_count: int = Field(default=2, ge=1, description="Times that a word must occur in the training texts.")
    max_words: int = Field(default=500_000, ge=1, description="The most frequent words that are known.")
    max_length: int = Field(default=500, ge=1, description="Words of a document that are read.")

    @field_validator("embeddings", mode="before")
    @classmethod
    def _file(cls, value: Any) -> Any:
        return {"vectors": value} if isinstance(value, str) else value
