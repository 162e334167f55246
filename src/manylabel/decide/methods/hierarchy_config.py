"""The options of `hierarchy`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from manylabel.core.table import section_of
from manylabel.decide import METHODS
from manylabel.decide.methods.global_threshold_config import GlobalConfig
from manylabel.decide.section import MethodSection


class HierarchyConfig(MethodSection):
    """Options of `hierarchy`."""

    target_field: ClassVar[str | None] = None

    kind: Literal["hierarchy"] = "hierarchy"
    base: SerializeAsAny[MethodSection] = Field(
        default=GlobalConfig(), description="The method that decides on the scores; any other."
    )
    consistency: Literal["raise", "lower"] = Field(
        default="raise",
        description="A parent's score is raised to that of its children and a label brings its parents, or labels are "
        "lowered to their parents' scores and dropped without them.",
    )

    @field_validator("base", mode="before")
    @classmethod
    def _base(cls, value: Any) -> Any:
        section = section_of(value, METHODS, at="base")
        if section.kind in ("hierarchy", "risk-control"):  # type: ignore[attr-defined]
            # What closing the sets adds or drops is not in the risk that was controlled.
            raise ValueError(f"{section.kind} cannot be the base of hierarchy")  # type: ignore[attr-defined]
        return section

    @model_validator(mode="before")
    @classmethod
    def _calibration_of_base(cls, values: Any) -> Any:
        """Scores are calibrated once, before everything: as the base asks, where nothing else is said."""
        if not isinstance(values, dict) or values.get("calibration") is not None or "base" not in values:
            return values
        base = section_of(values["base"], METHODS, at="base")
        return {**values, "base": base, "calibration": base.calibration}  # type: ignore[attr-defined]
