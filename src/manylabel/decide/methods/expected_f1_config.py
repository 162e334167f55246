"""The options of `expected-f1`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.decide.section import CalibrationConfig, MethodSection


class ExpectedF1Config(MethodSection):
    """Options of `expected-f1`."""

    kind: Literal["expected-f1"] = "expected-f1"
    calibration: CalibrationConfig | None = Field(
        default=CalibrationConfig(kind="isotonic"),
        description="Turn scores into probabilities first; null where they are good ones already.",
    )
