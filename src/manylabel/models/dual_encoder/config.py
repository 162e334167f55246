"""The options of `dual-encoder`: they are read and checked without torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from manylabel.combine.nearest_approximate_config import ApproximateConfig
from manylabel.core.config import Section, Shorthand
from manylabel.core.table import OneOf, Table, section_of
from manylabel.models.dual_encoder.negatives_config import NEGATIVES
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.losses import LOSSES
from manylabel.train.config import TrainConfig

BATCH_SIZE = 256
_LIGHT_TEXTS, _HEAVY_TEXTS = 8192, 256
"""Gradients of 8192 short texts are 9 GB under a transformer of 6 layers; a bag of words pays for every part with a
gradient of all words."""
_WORDS = {"kind": "bag", "embeddings": {"dropout": 0.0}}


class LabelTextConfig(Section):
    """What the label encoder reads of a label."""

    parts: tuple[Literal["name", "text", "alternatives", "parents"], ...] = Field(
        default=("text", "alternatives"),
        min_length=1,
        description="In this order: the label's name, its text (the name where it has none), its other names, and the "
        "path of its parents from the top.",
    )
    separator: str = Field(default="; ", description="Between the parts.")
    required: bool = Field(default=False, description="Refuse labels without a text, whose name would be read.")

    @field_validator("parts")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("each part once")
        return value


class MemoryConfig(Section):
    """Training documents that are remembered and asked for when predicting (RAE-XMC)."""

    neighbours: int = Field(default=200, ge=1, description="Nearest documents and labels that share the probability.")
    weight: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Of what documents say against the labels' own nearness; chosen on the validation part if not "
        "given. Labels without documents speak for themselves at any weight.",
    )
    temperature: float | None = Field(
        default=None,
        gt=0,
        description="What products are divided by in the memory's softmax; chosen on the validation part if not given, "
        "from that of training down to a third of it.",
    )


class DualEncoderConfig(Section):
    """Options of `dual-encoder`. Wherever a part is named, a bare string is its kind."""

    kind: Literal["dual-encoder"] = "dual-encoder"
    encoder: Annotated[SerializeAsAny[Section], OneOf(ENCODERS)] = Field(
        default_factory=lambda: _knowing_all_words(section_of(_WORDS, ENCODERS)),
        description="What reads documents. Encoders of words know those that occur once, as names of labels often do, "
        "unless min_count is given.",
    )
    label_encoder: Annotated[SerializeAsAny[Section], OneOf(ENCODERS)] | None = Field(
        default=None, description="What reads labels; by default the one that reads documents."
    )
    label_text: Annotated[LabelTextConfig, Shorthand("required")] = Field(
        default=LabelTextConfig(), description="What is read of a label; a bare `required` refuses labels without text."
    )
    free_vectors: Literal["none", "textless", "all"] = Field(
        default="none",
        description="Labels that have a trained vector of their own, added to that of their text: those without a "
        "text, or all of those with training documents.",
    )
    dimension: int | None = Field(
        default=None, ge=1, description="Numbers of a vector, by a linear projection; the encoder's if not given."
    )
    normalised: bool = Field(default=True, description="Vectors of unit length: scores are cosines by temperature.")
    temperature: float = Field(default=0.05, gt=0, description="What scores are divided by.")
    learned_temperature: bool = Field(default=False, description="Whether it is trained from there.")
    loss: Annotated[SerializeAsAny[Section], OneOf(LOSSES)] = Field(
        default_factory=lambda: section_of("decoupled-softmax", LOSSES), description="What is made small."
    )
    negatives: Annotated[SerializeAsAny[Section], OneOf(NEGATIVES)] = Field(
        default_factory=lambda: section_of("all", NEGATIVES), description="Labels that a document is compared with."
    )
    texts_at_once: int | None = Field(
        default=None,
        ge=1,
        description="Texts whose states are kept for gradients, by default 8192 under the encoder bag and 256 under "
        "others. Where a step has more, documents or labels, they are encoded twice, so many at a time (gradient "
        "caching).",
    )
    labels_at_once: int = Field(
        default=4096, ge=1, description="Labels of a tile: scores that are held are so many for each document."
    )
    memory: MemoryConfig | None = Field(default=None, description="Remember training documents too.")
    search: Annotated[ApproximateConfig, Shorthand("hnsw")] | None = Field(
        default=None,
        description="How the nearest labels, and documents where there is a memory, are found without looking at all: "
        "`hnsw`, by a graph (extra `ann`). By default all are looked at.",
    )
    train: TrainConfig = Field(
        default=TrainConfig(batch_size=BATCH_SIZE),
        description=f"How it is trained; batch_size is {BATCH_SIZE} if not given, since all documents of a batch share "
        "the labels' vectors.",
    )
    seed: int = Field(default=0, ge=0, description="Of random weights, of the order of documents, of dropout.")

    @field_validator("encoder", "loss", "negatives", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, info: Any) -> Any:
        section = section_of(value, _TABLES[info.field_name])
        return _knowing_all_words(section) if info.field_name == "encoder" else section

    @field_validator("search", mode="before")
    @classmethod
    def _bare_kind(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("label_encoder", mode="before")
    @classmethod
    def _of_labels(cls, value: Any) -> Any:
        return None if value is None else _knowing_all_words(section_of(value, ENCODERS))

    @field_validator("label_text", mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"required": True} if value == "required" else value

    @field_validator("train", mode="before")
    @classmethod
    def _many_documents(cls, value: Any) -> Any:
        return {"batch_size": BATCH_SIZE, **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if getattr(self.negatives, "batches", "") == "clusters" and self.train.group_by_length:
            raise ValueError(
                "negatives.batches: clusters decides which documents meet: set train.group_by_length: false"
            )
        if self.train.torch_compile:
            raise ValueError("train.torch_compile is for networks with a head")
        return self

    @property
    def texts_kept(self) -> int:
        """How many texts have their states kept at a time; see `texts_at_once`."""
        if self.texts_at_once is not None:
            return self.texts_at_once
        encoders = [self.encoder, *([] if self.label_encoder is None else [self.label_encoder])]
        return _LIGHT_TEXTS if all(getattr(one, "light", False) for one in encoders) else _HEAVY_TEXTS


_TABLES: dict[str, Table] = {"encoder": ENCODERS, "loss": LOSSES, "negatives": NEGATIVES}


def _knowing_all_words(encoder: Section) -> Section:
    """The encoder with a least count of 1 where it has one and none was given."""
    least = "min_count"
    if least not in type(encoder).model_fields or least in encoder.model_fields_set:
        return encoder
    return encoder.with_values(min_count=1)
