"""The options of the head `label-attention`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from manylabel.core.config import Section


class LabelAttentionConfig(Section):
    """Options of the head `label-attention`."""

    kind: Literal["label-attention"] = "label-attention"
    output: Literal["shared", "per-label"] = Field(
        default="per-label",
        description="A vector for each label, or hidden layers that all labels share (AttentionXML).",
    )
    hidden_dims: tuple[int, ...] = Field(
        default=(256,), min_length=1, description="Widths of the hidden layers of a shared output."
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Share of the numbers of states that training drops.")
    sparse: bool = Field(
        default=False, description="Update only the queries of the labels of a shortlist; for shortlists alone."
    )

    @field_validator("hidden_dims")
    @classmethod
    def _positive(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value) < 1:
            raise ValueError("widths must be at least 1")
        return value
