"""The options of the encoder `bag`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.nn.encoders.embedding_config import WordEncoderConfig


class BagConfig(WordEncoderConfig):
    """Options of the encoder `bag`."""

    kind: Literal["bag"] = "bag"
    pooling: Literal["mean", "max", "attention"] = Field(
        default="mean", description="The mean over the words, the largest numbers, or a mean with learned weights."
    )
