"""The options of the head `prototype`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class PrototypeConfig(Section):
    """Options of the head `prototype`."""

    kind: Literal["prototype"] = "prototype"
    prototypes: int = Field(default=32, ge=1, description="K, the prototypes that all labels share.")
    hidden_dim: int = Field(default=128, ge=1, description="r, the numbers that a label sees of each prototype.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Share of the numbers of states that training drops.")
    sparse: bool = Field(default=False, description="Update only the labels of a shortlist; for shortlists alone.")
