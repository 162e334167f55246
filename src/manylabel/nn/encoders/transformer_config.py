"""The options of the encoder `transformer`."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from manylabel.core.config import Section


class TransformerConfig(Section):
    """Options of the encoder `transformer`."""

    kind: Literal["transformer"] = "transformer"
    model: str | None = Field(
        default=None,
        min_length=1,
        description="Folder of a Hugging Face model with its weights and tokenizer, or its name on the hub.",
    )
    configuration: dict[str, Any] | None = Field(
        default=None,
        description="Instead of a model: its configuration, for random weights; with model_type and, where it shall "
        "differ from that type's defaults, hidden_size, num_hidden_layers and the like.",
    )
    tokenizer: str | None = Field(
        default=None,
        min_length=1,
        description="Folder or name of the tokenizer; if not given that of the model, or with a configuration one "
        "that is trained on the training texts.",
    )
    vocabulary_size: int | None = Field(
        default=None, ge=10, description="Subwords of a tokenizer that is trained, at most; 16,000 if not given."
    )
    max_length: int | None = Field(
        default=None,
        ge=1,
        description="Tokens of a document that are read; if not given 512, or as many as the model has positions for.",
    )
    pooling: Literal["first", "mean", "max", "attention", "last-layers"] = Field(
        default="first",
        description="The first token's state, the mean or the largest numbers over the tokens, a mean with learned "
        "weights, or the first token's states of the last layers side by side.",
    )
    last_layers: int | None = Field(default=None, ge=1, description="How many those are; 5 if not given.")
    frozen_layers: int = Field(
        default=0, ge=0, description="The lowest layers that are not trained; the embeddings with them."
    )
    cache_states: bool = Field(
        default=False, description="States of the frozen layers are computed once and kept in 16-bit floats."
    )
    gradient_checkpointing: bool = Field(
        default=False,
        description="Compute states again for the gradient, not keep them: less memory, more time.",
    )
    attn_implementation: str | None = Field(
        default=None, description="How attention is computed (eager, sdpa, ...); the library's choice if not given."
    )
    dropout: float | None = Field(
        default=None, ge=0, lt=1, description="Dropout inside the model; that of its configuration if not given."
    )
    input_convolution: int | None = Field(
        default=None, ge=1, description="Tokens that a residual convolution before the model sees; none if not given."
    )

    @field_validator("configuration")
    @classmethod
    def _names_its_type(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and not isinstance(value.get("model_type"), str):
            raise ValueError("model_type is required, for example bert")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if (self.model is None) == (self.configuration is None):
            raise ValueError("name a model, or give a configuration for random weights")
        if self.vocabulary_size is not None and (self.configuration is None or self.tokenizer is not None):
            raise ValueError("vocabulary_size is for a tokenizer that is trained: no model and no tokenizer")
        if self.last_layers is not None and self.pooling != "last-layers":
            raise ValueError("last_layers is for the pooling last-layers")
        if self.cache_states and not self.frozen_layers:
            raise ValueError("cache_states keeps the states of frozen layers: set frozen_layers")
        if self.input_convolution is not None and self.frozen_layers:
            raise ValueError("input_convolution is trained and lies below the layers: it needs frozen_layers: 0")
        return self
