"""How a label tree is built and trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from manylabel.core.config import Section


class TreeOptions(Section):
    """Options of one probabilistic label tree."""

    clustering: Literal["balanced", "kmeans"] = Field(
        default="balanced",
        description="Repeated balanced 2-means (Parabel), or k-means without balance (Bonsai).",
    )
    branching: int = Field(default=16, ge=2, description="Children of an inner node; a power of two if balanced.")
    leaf_size: int = Field(default=200, ge=1, description="Labels of a lowest cluster at most.")
    label_features: Literal["pifa", "text", "mixed"] = Field(
        default="pifa",
        description="What is clustered: the mean of a label's documents, its own text, or both side by side.",
    )
    pifa_keep: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Entries below this share of a label's norm are not clustered.",
    )
    negatives: Literal["teacher-forcing", "matcher-aware"] = Field(
        default="teacher-forcing",
        description="Who trains a node: documents with a label below it, or also those that the beam leads there.",
    )
    relevance: Literal["none", "share"] = Field(
        default="none",
        description="Weight of a positive: 1, or the share of the document's labels below the child.",
    )

    @model_validator(mode="after")
    def _power_of_two(self) -> TreeOptions:
        if self.clustering == "balanced" and self.branching & (self.branching - 1):
            raise ValueError(f"branching must be a power of two for balanced clustering, not {self.branching}")
        return self
