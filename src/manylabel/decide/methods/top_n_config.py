"""The options of `top-n`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.decide.section import MethodSection


class TopNConfig(MethodSection):
    """Options of `top-n`."""

    kind: Literal["top-n"] = "top-n"
    n: int = Field(default=5, ge=1, description="Labels for each document.")
