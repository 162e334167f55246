"""The options of `per-label`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.decide.section import MethodSection

Fallback = Literal["global", "highest", "never"]

FALLBACKS: dict[Fallback, str] = {
    "global": "the common threshold {common:.4g}",
    "highest": "the highest score that they had",
    "never": "are never assigned",
}
"""What becomes of labels without a threshold of their own, in words."""


class PerLabelConfig(MethodSection):
    """Options of `per-label`."""

    kind: Literal["per-label"] = "per-label"
    fbr: float = Field(
        default=0.1, ge=0, lt=1, description="A label whose best F1 is not above this gets no threshold of its own."
    )
    fallback: Fallback = Field(
        default="global",
        description="Threshold of such a label: the one best for micro-F1 over all labels, the highest score it had, "
        "or none, so that it is never assigned.",
    )
