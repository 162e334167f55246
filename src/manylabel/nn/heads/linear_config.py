"""The options of the head `linear`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class LinearHeadConfig(Section):
    """Options of the head `linear`."""

    kind: Literal["linear"] = "linear"
    dropout: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Share of the numbers of the pooled vector and of the hidden layer that training drops.",
    )
    hidden_dim: int | None = Field(default=None, ge=1, description="A hidden layer of this width before the labels.")
    sparse: bool = Field(
        default=False, description="Update only the classifiers of the labels of a shortlist; for shortlists alone."
    )
