"""The options of `linear-ovr`, apart from the model: they are read and checked without importing what trains it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section
from manylabel.linear.solver_options import SolverOptions
from manylabel.text.tfidf_config import TfidfConfig


class LinearOVRConfig(Section):
    """Options of `linear-ovr`."""

    kind: Literal["linear-ovr"] = "linear-ovr"
    seed: int = Field(default=0, ge=0, description="Of the order of documents in the solver.")
    solver: SolverOptions = Field(default=SolverOptions(), description="How the classifiers are trained.")
    features: TfidfConfig = Field(default=TfidfConfig(), description="How texts become features.")
