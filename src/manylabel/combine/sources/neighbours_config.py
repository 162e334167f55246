"""The options of the `neighbours` source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class NeighboursConfig(Section):
    """Options of the `neighbours` source."""

    kind: Literal["neighbours"] = "neighbours"
    strong: int = Field(default=10, ge=1, description="Best candidates of each earlier source that it starts from.")
    partners: int = Field(default=20, ge=1, description="Labels remembered that occur together with a label.")
    smoothing: float = Field(
        default=5.0, ge=0, description="Documents added to a label's own when its company is turned into shares."
    )
    candidates: int = Field(default=20, ge=1, description="Labels proposed at most.")
