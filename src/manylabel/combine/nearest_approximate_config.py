"""Options of the approximate search, readable without the package that does it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manylabel.core.config import Section


class ApproximateConfig(Section):
    """A graph of neighbours (HNSW; Malkov and Yashunin 2018) that a search walks instead of looking at all rows."""

    kind: Literal["hnsw"] = "hnsw"
    links: int = Field(
        default=32, ge=2, le=512, description="Neighbours of a row in the graph; twice as many on its ground level."
    )
    ef_construction: int = Field(
        default=200, ge=1, description="Candidates that are kept while the neighbours of a row are looked for."
    )
    ef_search: int = Field(
        default=256,
        ge=1,
        description="Candidates that a search keeps, at least as many as it returns: more find more, and take longer.",
    )
