"""The options of the rankers of boosted trees: `boosted`, `listwise` and `combined`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class BoostingOptions(Section):
    """Size of gradient-boosted trees, and what they learn from."""

    rounds: int = Field(default=150, ge=1, description="Trees at most; the held-out documents decide how many stay.")
    patience: int = Field(default=20, ge=1, description="Trees without gain on the held-out documents before the end.")
    leaves: int = Field(default=63, ge=2, description="Leaves of a tree at most.")
    depth: int = Field(default=8, ge=1, description="Levels of a tree at most: what a prediction has to walk.")
    learning_rate: float = Field(default=0.1, gt=0, le=1, description="Share of each tree that is added.")
    leaf_candidates: int = Field(default=50, ge=1, description="Candidates in a leaf at least.")
    bins: int = Field(default=63, ge=2, description="Values of a feature that are told apart.")
    wrong: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Share of the wrong candidates that the trees learn from, apart from those that a source ranks "
        "among its first ten; in a log loss they weigh more in return, so that probabilities stay what they are.",
    )


class ListwiseOptions(BoostingOptions):
    """And what is particular to a listwise objective."""

    truncation: int = Field(default=10, ge=1, description="Places that count, from the top (LambdaRank's truncation).")


class BoostedConfig(BoostingOptions):
    """Options of the `boosted` ranker."""

    kind: Literal["boosted"] = "boosted"


class ListwiseConfig(ListwiseOptions):
    """Options of the `listwise` ranker."""

    kind: Literal["listwise"] = "listwise"


class CombinedConfig(ListwiseOptions):
    """Options of the `combined` ranker; both of its parts have the same size."""

    kind: Literal["combined"] = "combined"
    order_weight: float = Field(
        default=2.0, ge=0, description="What the listwise score counts in the order, beside the log-odds."
    )
