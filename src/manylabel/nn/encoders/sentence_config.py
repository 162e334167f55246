"""The options of the encoder `sentence`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, field_validator

from manylabel.core.config import Section
from manylabel.core.table import OneOf, section_of
from manylabel.nn.frozen import FROZEN_ENCODERS


class SentenceConfig(Section):
    """Options of the encoder `sentence`."""

    kind: Literal["sentence"] = "sentence"
    encoder: Annotated[SerializeAsAny[Section], OneOf(FROZEN_ENCODERS)] = Field(
        description="What makes one vector of a document; it is never trained."
    )

    @field_validator("encoder", mode="before")
    @classmethod
    def _encoder(cls, value: Any) -> Any:
        return section_of(value, FROZEN_ENCODERS, at="encoder")
