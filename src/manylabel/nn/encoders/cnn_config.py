"""The options of the encoder `cnn`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from manylabel.nn.encoders.embedding_config import WordEncoderConfig


class CnnConfig(WordEncoderConfig):
    """Options of the encoder `cnn`."""

    kind: Literal["cnn"] = "cnn"
    filter_widths: list[Annotated[int, Field(ge=1)]] = Field(
        default=[2, 4, 8], min_length=1, description="Words that a filter sees, for each group of filters."
    )
    filters: int = Field(default=128, ge=1, description="Filters of each width.")
    activation: Literal["relu", "tanh"] = Field(default="relu", description="Applied to what the filters give.")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Share of the numbers of states that training drops.")
    pooling: Literal["max", "dynamic-max"] = Field(
        default="max", description="The largest numbers over the document, or over each of its chunks."
    )
    chunks: int | None = Field(
        default=None, ge=1, description="Chunks of a document for dynamic-max, as equal as can be; 4 if not given."
    )

    @model_validator(mode="after")
    def _chunks_are_used(self) -> Self:
        if self.chunks is not None and self.pooling != "dynamic-max":
            raise ValueError("chunks are for the pooling dynamic-max")
        return self
