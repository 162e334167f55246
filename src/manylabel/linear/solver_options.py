"""What the linear solver is told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class SolverOptions(Section):
    """Options of the dual coordinate descent, the same for all classifiers of a model."""

    loss: Literal["squared-hinge", "logistic"] = Field(default="squared-hinge", description="Loss of a classifier.")
    cost: float = Field(default=1.0, gt=0, description="C, the weight of the loss against the regulariser.")
    positive_cost: float = Field(
        default=1.0,
        gt=0,
        description="Factor on the cost of positives: above 1, a missed label weighs more than a false one.",
    )
    tolerance: float = Field(
        default=0.1, gt=0, description="A classifier stops when its projected gradients lie within a range this wide."
    )
    max_iterations: int = Field(default=20, ge=1, description="Passes over the documents at most.")
    bias: float = Field(default=1.0, ge=0, description="Value of the constant feature; 0 for none.")
    prune: float = Field(default=0.1, ge=0, description="Smaller weights are dropped after training; 0 keeps all.")
