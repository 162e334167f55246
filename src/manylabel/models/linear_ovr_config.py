"""The options of `linear-ovr`, apart from the model: they are read and checked without importing what trains it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from manylabel.core.config import Section, Shorthand
from manylabel.linear.solver_options import SolverOptions
from manylabel.text.tfidf_config import TfidfConfig


class CostSearch(Section):
    """How the costs of positives are found. A bare string stands for what they are best for."""

    best_for: Literal["macro-F1", "micro-F1"] = Field(
        default="macro-F1", description="A cost for each label by its own F1, or one for all labels by micro-F1."
    )
    values: tuple[float, ...] = Field(
        default=(1.0, 1.33, 1.8, 2.5, 3.67, 6.0, 13.0), min_length=1, description="Factors that are tried."
    )
    folds: int = Field(
        default=3, ge=2, description="Each value is tried on documents that its classifiers do not know."
    )

    @field_validator("values")
    @classmethod
    def _positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < factor < float("inf") for factor in value):
            raise ValueError("costs must be above 0 and finite")
        return value


class LinearOVRConfig(Section):
    """Options of `linear-ovr`."""

    kind: Literal["linear-ovr"] = "linear-ovr"
    seed: int = Field(default=0, ge=0, description="Of the order of documents in the solver.")
    solver: SolverOptions = Field(default=SolverOptions(), description="How the classifiers are trained.")
    cost_search: Annotated[CostSearch | None, Shorthand("macro-F1", "micro-F1")] = Field(
        default=None,
        description="Find the cost of positives by cross-validation (costs a training for each value and fold); "
        "none by default.",
    )
    features: TfidfConfig = Field(default=TfidfConfig(), description="How texts become features.")

    @field_validator("cost_search", mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"best_for": value} if isinstance(value, str) else value
