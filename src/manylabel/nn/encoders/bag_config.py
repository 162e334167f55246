"""The options of the encoder `bag`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from manylabel.nn.encoders.embedding_config import WordEncoderConfig


class BagConfig(WordEncoderConfig):
    """Options of the encoder `bag`."""

    light: ClassVar[bool] = True
    """Little is kept of a text for its gradient: many may be in memory at a time."""

    kind: Literal["bag"] = "bag"
    pooling: Literal["mean", "max", "attention"] = Field(
        default="mean", description="The mean over the words, the largest numbers, or a mean with learned weights."
    )
