"""The options of the head `caml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section
from manylabel.nn.heads.label_attention_config import LabelAttentionConfig


class CAMLConfig(Section):
    """Options of the head `caml`."""

    kind: Literal["caml"] = "caml"
    filter_size: int = Field(default=10, ge=1, description="Tokens that a filter sees.")
    filters: int = Field(default=50, ge=1, description="Number of filters.")
    labels: LabelAttentionConfig = Field(
        default=LabelAttentionConfig(dropout=0.2), description="The attention over the answers of the filters."
    )
