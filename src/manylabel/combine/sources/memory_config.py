"""The options of the `memory` source."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from manylabel.core.config import Section
from manylabel.core.table import OneOf, section_of
from manylabel.nn.frozen import FROZEN_ENCODERS


class MemoryConfig(Section):
    """Options of the `memory` source."""

    kind: Literal["memory"] = "memory"
    encoder: Annotated[SerializeAsAny[Section], OneOf(FROZEN_ENCODERS)] | None = Field(
        default=None,
        description="What makes the vectors that documents are compared by; a bare string is its kind. None: TF-IDF "
        "cosine through an inverted index.",
    )
    neighbours: int = Field(default=40, ge=1, description="Nearest training documents that vote.")
    sharpness: float = Field(default=3.0, gt=0, description="Power of the cosine that a neighbour votes with.")
    candidates: int = Field(default=50, ge=1, description="Labels proposed at most.")
    max_share: float = Field(
        default=0.2, gt=0, le=1, description="Of TF-IDF: words of more than this share of the documents do not count."
    )
    duplicates: float = Field(
        default=0.95,
        gt=0,
        description="While the ranker is trained, documents of at least this cosine do not vote: a new document will "
        "rarely have such a twin. The cosine is that of the vectors in use: an encoder's lie closer together than "
        "TF-IDF. Above 1 all vote.",
    )

    @field_validator("encoder", mode="before")
    @classmethod
    def _encoder_of_its_kind(cls, value: Any) -> Any:
        return None if value is None else section_of(value, FROZEN_ENCODERS)

    @model_validator(mode="after")
    def _options_that_count(self) -> Self:
        if self.encoder is not None and self.max_share != type(self).model_fields["max_share"].default:
            raise ValueError("max_share is for TF-IDF and has no effect with an encoder; leave it out")
        return self
