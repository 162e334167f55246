"""The options of `per-frequency`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.decide.methods.per_label_config import Fallback
from manylabel.decide.section import MethodSection


class PerFrequencyConfig(MethodSection):
    """Options of `per-frequency`."""

    kind: Literal["per-frequency"] = "per-frequency"
    macro_weight: float = Field(
        default=1.0, ge=0, description="Weight of a label's own F1 beside the micro-F1: more finds more rare labels."
    )
    fallback: Fallback = Field(
        default="global",
        description="Threshold of a label that was never found: the one best for micro-F1 over all labels, the highest "
        "score it had, or none, so that it is never assigned.",
    )
