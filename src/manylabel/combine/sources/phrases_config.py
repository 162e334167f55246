"""The options of the `phrases` source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from manylabel.core.config import Section


class PhrasesConfig(Section):
    """Options of the `phrases` source."""

    kind: Literal["phrases"] = "phrases"
    candidates: int = Field(default=30, ge=1, description="Labels proposed at most.")
    words: int = Field(default=6, ge=1, le=32, description="Words of a name at most; longer ones are not sought.")
    stemming: str = Field(
        default="auto",
        description="Language whose Snowball stemmer is used, none, or auto: the language of the training documents.",
    )

    @field_validator("stemming")
    @classmethod
    def _known(cls, value: str) -> str:
        from manylabel.text.languages import LANGUAGES

        if value not in ("auto", "none", *LANGUAGES):
            raise ValueError(f"expected auto, none or one of {', '.join(LANGUAGES)}")
        return value
