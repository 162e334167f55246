"""The options of the head `convolution`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from manylabel.core.config import Section
from manylabel.nn.heads.linear_config import LinearHeadConfig


class ConvolutionHeadConfig(Section):
    """Options of the head `convolution`."""

    kind: Literal["convolution"] = "convolution"
    filter_sizes: tuple[int, ...] = Field(default=(2, 3, 4), min_length=1, description="Tokens that a filter sees.")
    filters: int = Field(default=128, ge=1, description="Filters of each size.")
    labels: LinearHeadConfig = Field(
        default=LinearHeadConfig(), description="The linear classifier on the strongest answers."
    )

    @field_validator("filter_sizes")
    @classmethod
    def _positive(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value) < 1:
            raise ValueError("filter sizes must be at least 1")
        return value
