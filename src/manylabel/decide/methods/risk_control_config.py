"""The options of `risk-control`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from manylabel.decide.section import CalibrationConfig, MethodSection
from manylabel.decide.targets import Target, check_apart


class RiskControlConfig(MethodSection):
    """Options of `risk-control`."""

    target_field: ClassVar[str | None] = "targets"

    kind: Literal["risk-control"] = "risk-control"
    targets: tuple[str, ...] = Field(
        min_length=1,
        description="What is kept: recall>=0.9, tail recall>=0.9, each precision>=0.8, wrong<=0.2; one for a group.",
    )
    over: Literal["pairs", "documents"] = Field(
        default="pairs",
        description="Recall and precision of all pairs of document and label together (as micro-recall), or their mean "
        "over documents that have such labels, or get some.",
    )
    confidence: float | None = Field(
        default=None,
        gt=0.5,
        lt=1,
        description="Chance that the target is kept by the thresholds that were found. By default recall is kept on "
        "average over calibration sets (conformal risk control), precision with 0.9 (learn then test).",
    )
    otherwise: Literal["global", "fixed", "never"] = Field(
        default="global",
        description="Labels that no target is about: the threshold best for micro-F1, 0.5 (margins 0), or none.",
    )
    seed: int = Field(default=0, ge=0, description="Of the order of documents, and of those that choose what to test.")
    calibration: CalibrationConfig | None = Field(
        default=None, description="Must stay null: see the page on decisions."
    )

    @field_validator("targets", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        texts = (value,) if isinstance(value, str) else value
        if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
            return texts
        targets = [Target.parse(text) for text in texts]
        check_apart(targets)
        return tuple(str(target) for target in targets)

    @field_validator("calibration")
    @classmethod
    def _none(cls, value: CalibrationConfig | None) -> CalibrationConfig | None:
        if value is not None:
            raise ValueError(
                "a curve fitted on the same documents would void the guarantee of risk-control; leave it out"
            )
        return value
