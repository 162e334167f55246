"""The options of the `logistic` ranker."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class LogisticConfig(Section):
    """Options of the `logistic` ranker."""

    kind: Literal["logistic"] = "logistic"
    costs: tuple[float, ...] = Field(
        default=(0.001, 0.01, 0.1, 1.0),
        min_length=1,
        description="Values of C, the weight of the loss; the held-out documents choose.",
    )
