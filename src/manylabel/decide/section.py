"""What the sections of all methods share."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from manylabel.core.config import Section


class CalibrationConfig(Section):
    """How scores become probabilities before they are decided on. A bare string stands for its kind."""

    kind: Literal["platt", "isotonic", "temperature"] = Field(description="Which curve is fitted.")
    by: Literal["all", "group"] = Field(
        default="group", description="One curve for all labels, or one each for head, torso, tail and unseen labels."
    )


class MethodSection(Section):
    """Base of the methods' sections."""

    target_field: ClassVar[str | None] = None
    """Which option the command line's ``--target`` sets; None where there is nothing to aim at."""

    calibration: CalibrationConfig | None = Field(
        default=None, description="Turn scores into probabilities first; none by default."
    )

    @field_validator("calibration", mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value
