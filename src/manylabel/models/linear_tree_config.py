"""The options of `linear-tree`, apart from the model: they are read and checked without importing what trains it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section
from manylabel.linear.solver_options import SolverOptions
from manylabel.text.tfidf_config import TfidfConfig
from manylabel.trees.tree_options import TreeOptions


class LinearTreeConfig(Section):
    """Options of `linear-tree`."""

    kind: Literal["linear-tree"] = "linear-tree"
    trees: int = Field(default=1, ge=1, description="Trees whose probabilities are averaged; three gain about a point.")
    beam_width: int = Field(default=10, ge=1, description="Nodes kept per level while searching.")
    hinge_power: int = Field(
        default=3,
        ge=1,
        le=8,
        description="p of a node's score exp(-max(0, 1 - margin)^p) under the squared hinge.",
    )
    seed: int = Field(default=0, ge=0, description="Of clustering and solver.")
    tree: TreeOptions = Field(default=TreeOptions(), description="How a tree is built.")
    solver: SolverOptions = Field(default=SolverOptions(), description="How a node's classifiers are trained.")
    features: TfidfConfig = Field(default=TfidfConfig(), description="How texts become features.")
