"""The section ``inspect``: how closely data is looked at."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from manylabel.core.config import Section, did_you_mean
from manylabel.core.errors import ConfigError
from manylabel.metrics.groups import DEFAULT_CUTS, check_cuts


class InspectOptions(Section):
    """How closely documents and labels are looked at."""

    similarity: float = Field(
        default=0.8, gt=0.5, le=1.0, description="Near duplicates share at least this part of their word triples."
    )
    cuts: tuple[int, int] = Field(
        default=DEFAULT_CUTS, description="Training documents from which a label is torso, and head."
    )
    sure: float = Field(
        default=0.9,
        ge=0.5,
        lt=1.0,
        description="A label may be missing where labels scored as high are given this often, relative to the surest.",
    )
    model_documents: int = Field(
        default=30_000,
        ge=0,
        description="Training documents that models are trained on to find missing labels; 0 trains none.",
    )
    examples: int = Field(default=3, ge=0, description="Examples of a finding at most.")
    skip: tuple[str, ...] = Field(default=(), description="Rules to leave out.")
    seed: int = Field(default=0, ge=0, description="Of samples, folds and permutations.")

    @field_validator("cuts")
    @classmethod
    def _check_cuts(cls, value: tuple[int, int]) -> tuple[int, int]:
        try:
            return check_cuts(value)
        except (ConfigError, ValueError) as error:
            raise ValueError(str(error)) from None

    @field_validator("skip", mode="before")
    @classmethod
    def _check_skip(cls, value: Any) -> Any:
        from manylabel.data.inspect import RULES

        names = (value,) if isinstance(value, str) else value
        for name in names if isinstance(names, list | tuple) else ():
            if name not in RULES:
                raise ValueError(f"unknown rule{did_you_mean(str(name), RULES)}")
        return names
