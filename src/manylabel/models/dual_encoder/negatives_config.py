"""What the labels of a batch are compared with, as ``negatives`` names it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section
from manylabel.core.table import Part, Table


class AllNegatives(Section):
    """Every label is a negative of every document that does not have it (Gupta et al. 2024)."""

    kind: Literal["all"] = "all"
    untrained: bool = Field(
        default=False,
        description="Labels without training documents too: they are then pushed away from every document.",
    )


class MinedNegatives(Section):
    """Negatives of a batch: labels of its other documents, and for each document some of those that the model itself
    takes for its best (ANCE, Xiong et al. 2021; NGAME, Dahiya et al. 2023). A label that any document of the batch
    brings counts as positive for all that have it."""

    kind: Literal["mined"] = "mined"
    per_document: int = Field(default=5, ge=0, description="Hard negatives of each document in a step.")
    depth: int = Field(default=100, ge=1, description="They are drawn from so many best labels that it does not have.")
    positives: int | None = Field(
        default=None,
        ge=1,
        description="Labels of its own that a document brings into a step, drawn anew; all if not given.",
    )
    start_epoch: int = Field(
        default=1, ge=1, description="The epoch from which they are looked for; before, they are drawn at random."
    )
    refresh_epochs: int = Field(default=5, ge=1, description="They are looked for again every so many epochs.")
    batches: Literal["random", "clusters"] = Field(
        default="random",
        description="Which documents meet in a batch: any, or near ones, with labels that are hard for one another.",
    )
    cluster_documents: int = Field(
        default=32, ge=1, description="Of clusters: documents of one at most; a batch is made of several."
    )


_HERE = "manylabel.models.dual_encoder.negatives_config"
_THERE = "manylabel.models.dual_encoder.negatives"
NEGATIVES = Table(
    "negatives",
    {
        "all": Part(
            target=f"{_THERE}:all_labels",
            section=f"{_HERE}:AllNegatives",
            summary="All labels, in memory that does not grow with batch times labels.",
            extra="nn",
        ),
        "mined": Part(
            target=f"{_THERE}:mined_labels",
            section=f"{_HERE}:MinedNegatives",
            summary="Labels of the other documents of a batch, and labels that the model confuses with the document's.",
            extra="nn",
        ),
    },
)
