"""The section ``evaluate`` of a configuration: which metrics, on which lists and label sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from manylabel.core.config import Section, Shorthand
from manylabel.core.errors import ConfigError
from manylabel.metrics import DEFAULT
from manylabel.metrics.groups import DEFAULT_CUTS, check_cuts
from manylabel.metrics.names import parse_metrics
from manylabel.metrics.propensity import DEFAULT_A, DEFAULT_B
from manylabel.metrics.settings import Empty, Settings

_DEFAULT_K = 10


class EvaluateConfig(Section):
    """How predictions are measured."""

    metrics: Annotated[tuple[str, ...], Shorthand()] = Field(
        default=DEFAULT, description="Metrics by name, with a cut where they take one; see `manylabel list metrics`."
    )
    k: int = Field(default=_DEFAULT_K, ge=1, description="Labels predicted for each document.")
    threshold: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="Label sets are the predicted labels with at least this score; by default 0.5, for margins 0.",
    )
    top_n: int | None = Field(default=None, ge=1, description="Label sets are the first n labels instead.")
    propensity_a: float = Field(default=DEFAULT_A, description="A of the propensities (Jain et al. 2016).")
    propensity_b: float = Field(default=DEFAULT_B, description="B of the propensities.")
    cuts: tuple[int, int] = Field(
        default=DEFAULT_CUTS, description="Training documents from which a label is torso, and from which head."
    )
    groups: bool = Field(default=True, description="Every metric also for head, torso, tail and unseen labels.")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="Of the intervals.")
    n_bootstrap: int = Field(default=1000, ge=0, description="Resamples behind the intervals; 0 for none.")
    seed: int = Field(default=0, ge=0, description="Of the resamples.")
    empty: Empty = Field(default="skip", description="Documents without a label are left out (skip) or count (zero).")

    @field_validator("metrics", mode="before")
    @classmethod
    def _metrics(cls, value: Any) -> Any:
        names = (value,) if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            return names
        return tuple(str(name) for name in _checked(lambda: parse_metrics(names)))

    @field_validator("cuts")
    @classmethod
    def _cuts(cls, value: tuple[int, int]) -> tuple[int, int]:
        return _checked(lambda: check_cuts(value))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        settings = _checked(self.settings)
        deepest = max([name.k or 0 for name in settings.names] + [self.top_n or 0])
        if deepest > self.k:
            raise ValueError(f"k must be at least {deepest} for the metrics and label sets asked for, got {self.k}")
        return self

    def settings(self) -> Settings:
        """The same as the evaluator takes it."""
        return Settings(**self.model_dump(exclude={"k"}))


def _checked(make: Callable[[], Any]) -> Any:
    """What `make` returns; pydantic collects a ValueError with its place, any other error would hide the rest."""
    try:
        return make()
    except ConfigError as error:
        raise ValueError(str(error)) from None
