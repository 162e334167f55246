"""The options of the encoder `transformer`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class FrozenTransformerConfig(Section):
    """Options of the encoder `transformer`."""

    kind: Literal["transformer"] = "transformer"
    model: str = Field(
        min_length=1, description="Folder of a Hugging Face model and its tokenizer, or name on the hub."
    )
    pooling: Literal["mean", "first"] = Field(
        default="mean", description="The mean over the states of all tokens, or the state of the first one."
    )
    max_length: int = Field(
        default=256, ge=1, description="Tokens of a text that are read; no more than the model has positions for."
    )
    batch_size: int = Field(default=64, ge=1, description="Texts encoded at once.")
