"""The options of the encoders `bilstm` and `bigru`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from manylabel.nn.encoders.embedding_config import WordEncoderConfig


class RecurrentConfig(WordEncoderConfig):
    """Options that both share."""

    hidden_dim: int = Field(default=512, ge=2, description="Numbers of a state, half of them for each direction.")
    layers: int = Field(default=1, ge=1, description="Recurrent layers, one upon the other.")
    dropout: float = Field(
        default=0.5, ge=0, lt=1, description="Share of the numbers of each layer's states that training drops."
    )
    pooling: Literal["mean", "max", "last", "attention"] = Field(
        default="max",
        description="The mean or the largest numbers over the words, the last state of each direction, or a mean with "
        "learned weights.",
    )
    input_convolution: int | None = Field(
        default=None, ge=1, description="Words that a residual convolution before the encoder sees; none if not given."
    )

    @field_validator("hidden_dim")
    @classmethod
    def _two_halves(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even: each direction has half of it")
        return value


class BiLstmConfig(RecurrentConfig):
    """Options of the encoder `bilstm`."""

    kind: Literal["bilstm"] = "bilstm"


class BiGruConfig(RecurrentConfig):
    """Options of the encoder `bigru`."""

    kind: Literal["bigru"] = "bigru"
