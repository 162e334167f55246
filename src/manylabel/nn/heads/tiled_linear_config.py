"""The options of the head `tiled-linear`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from manylabel.core.config import Section


class TiledLinearConfig(Section):
    """Options of the head `tiled-linear`."""

    moves_itself: ClassVar[bool] = True

    kind: Literal["tiled-linear"] = "tiled-linear"
    dropout: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Share of the numbers of the pooled vector and of the hidden layer that training drops.",
    )
    hidden_dim: int | None = Field(default=None, ge=1, description="A hidden layer of this width before the labels.")
    learning_rate: float = Field(
        default=0.5,
        gt=0,
        description="Largest rate of the classifiers; it rises and falls with that of the other parts. Vectors "
        "of small length, such as means of many random words, take ten times as much.",
    )
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of the classifiers; 0 keeps no second table.")
    weight_decay: float = Field(default=0.0, ge=0, description="Of the classifiers.")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="In which classifiers and their momentum are kept; products and sums are in float32 anyway. "
        "bfloat16 takes half the memory and rounds at random, so that small steps are not lost.",
    )
    labels_at_once: int = Field(
        default=4096, ge=1, description="Labels of a tile: scores that are held are so many for each document."
    )
