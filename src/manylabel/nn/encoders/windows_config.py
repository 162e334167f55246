"""The options of the encoder `windows`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from manylabel.core.config import Section
from manylabel.core.table import OneOf, section_of
from manylabel.nn.encoders import ENCODERS

_NO_WINDOWS = ("windows", "sentence")


class WindowsConfig(Section):
    """Options of the encoder `windows`."""

    kind: Literal["windows"] = "windows"
    encoder: Annotated[SerializeAsAny[Section], OneOf(ENCODERS, without=_NO_WINDOWS)] = Field(
        description="What reads each window, and pools it as it says; a transformer or an encoder of words."
    )
    window: int = Field(default=128, ge=1, description="Tokens of a window, special ones included.")
    stride: int | None = Field(
        default=None,
        ge=1,
        description="Tokens from the beginning of a window to that of the next; if not given three quarters of one.",
    )
    max_windows: int = Field(default=16, ge=1, description="Windows of a document that are read.")
    training_windows: int | None = Field(
        default=None,
        ge=1,
        description="Windows of a document that a training step reads, at random; all if not given.",
    )
    attention_layers: int = Field(
        default=0, ge=0, le=2, description="Transformer layers in which the windows of a document see each other."
    )
    states: Literal["windows", "tokens"] = Field(
        default="windows", description="What a head attends to: one state for each window, or those of all tokens."
    )

    @field_validator("encoder", mode="before")
    @classmethod
    def _encoder(cls, value: Any) -> Any:
        section = section_of(value, ENCODERS, at="encoder")
        if section.kind in _NO_WINDOWS:  # type: ignore[attr-defined]
            raise ValueError(f"{section.kind} cannot read windows")  # type: ignore[attr-defined]
        return section

    @model_validator(mode="after")
    def _layers_reach_the_states(self) -> Self:
        if self.attention_layers and self.states == "tokens":
            raise ValueError("attention_layers are for states: windows")
        return self
