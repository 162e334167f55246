"""The options of the `reciprocal` ranker."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class ReciprocalConfig(Section):
    """Options of the `reciprocal` ranker."""

    kind: Literal["reciprocal"] = "reciprocal"
    smoothing: float = Field(
        default=60.0, ge=0, description="Added to each rank: the larger, the less the first one counts."
    )
