"""The options of `fixed`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.decide.section import MethodSection


class FixedConfig(MethodSection):
    """Options of `fixed`."""

    kind: Literal["fixed"] = "fixed"
    threshold: float | None = Field(
        default=None, allow_inf_nan=False, description="Lowest score of an assigned label; by default 0.5, margins 0."
    )
