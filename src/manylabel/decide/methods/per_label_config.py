"""The options of `per-label`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.decide.section import MethodSection


class PerLabelConfig(MethodSection):
    """Options of `per-label`."""

    kind: Literal["per-label"] = "per-label"
    fbr: float = Field(
        default=0.1, ge=0, lt=1, description="A label whose best F1 is not above this gets no threshold of its own."
    )
    fallback: Literal["global", "highest", "never"] = Field(
        default="global",
        description="Threshold of such a label: the one best for micro-F1 over all labels, the highest score it had, "
        "or none, so that it is never assigned.",
    )
