"""The options of the `memory` source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class MemoryConfig(Section):
    """Options of the `memory` source."""

    kind: Literal["memory"] = "memory"
    neighbours: int = Field(default=40, ge=1, description="Nearest training documents that vote.")
    sharpness: float = Field(default=3.0, gt=0, description="Power of the cosine that a neighbour votes with.")
    candidates: int = Field(default=50, ge=1, description="Labels proposed at most.")
    max_share: float = Field(
        default=0.2, gt=0, le=1, description="Words that more than this share of the documents have do not count."
    )
    duplicates: float = Field(
        default=0.95,
        gt=0,
        description="While the ranker is trained, documents of at least this cosine do not vote: a new document will "
        "rarely have such a twin. Above 1 all vote.",
    )
