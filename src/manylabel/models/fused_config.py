"""The options of `fused`, apart from the model: they are read and checked without importing what trains it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    field_serializer,
    field_validator,
    model_validator,
)

from manylabel.combine import RANKERS, SOURCES
from manylabel.core.config import Section
from manylabel.core.table import OneOf, section_of
from manylabel.models import MODELS
from manylabel.text.tfidf_config import TfidfConfig

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class ModelSourceConfig(Section):
    """Options of the `model` source."""

    kind: Literal["model"] = "model"
    model: Annotated[SerializeAsAny[Section], OneOf(MODELS)] = Field(
        default_factory=lambda: section_of("linear-tree", MODELS), description="Any model; a bare string is its kind."
    )
    candidates: int = Field(default=30, ge=1, description="Labels proposed at most.")

    @field_validator("model", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any) -> Any:
        section = section_of(value, MODELS)
        if "features" in type(section).model_fields and "features" in section.model_fields_set:
            raise ValueError("its features are those of the fused model: set them there")
        return section

    @field_serializer("model", mode="wrap")
    def _without_features(self, value: Section, handler: SerializerFunctionWrapHandler) -> Any:
        content = handler(value)
        return {name: entry for name, entry in content.items() if not (self.takes_features and name == "features")}

    @property
    def takes_features(self) -> bool:
        """Whether the model is given the features that all sources share."""
        return "features" in type(self.model).model_fields

    def new_model(self) -> Any:
        """The model, not yet fitted."""
        return MODELS.load(self.model.kind)(self.model)  # type: ignore[attr-defined]


def _default_sources() -> dict[str, Any]:
    return {
        "linear": ModelSourceConfig(),
        **{name: section_of(name, SOURCES) for name in ("memory", "label-text", "phrases", "neighbours")},
    }


class _SourcesByName:
    """Says in the JSON schema what the sources of a fused model may be: kinds, sections, or null, by name.

    A section may name no kind where it changes a default source, or is called after its kind.
    """

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """See pydantic."""

        def source(kind: str | None) -> dict[str, Any]:
            takes = OneOf(SOURCES, default=kind).__get_pydantic_json_schema__(core_schema, handler)
            return {"anyOf": [*takes["anyOf"], {"type": "null"}]}

        kinds = {kind: kind for kind in SOURCES} | {name: _kind(given) for name, given in _default_sources().items()}
        return {
            "type": "object",
            "properties": {
                name: {**source(kind), "description": SOURCES[kind].summary} for name, kind in kinds.items()
            },
            "additionalProperties": source(None),
            "propertyNames": {"pattern": f"^{_NAME.pattern}$"},
        }


class FusedConfig(Section):
    """Options of `fused`."""

    kind: Literal["fused"] = "fused"
    sources: Annotated[dict[str, SerializeAsAny[Section] | None], _SourcesByName()] = Field(
        default_factory=_default_sources,
        description="Candidate sources by name, in order. What is given here is added to the default ones or changes "
        "them (linear, memory, label-text, phrases, neighbours); null leaves one out.",
    )
    ranker: Annotated[SerializeAsAny[Section], OneOf(RANKERS)] = Field(
        default_factory=lambda: section_of("combined", RANKERS), description="What ranks the candidates."
    )
    folds: int = Field(
        default=5,
        ge=2,
        description="Parts of the training documents; the ranker learns from each what sources say that were trained "
        "on the others.",
    )
    documents: int = Field(
        default=20_000,
        ge=10,
        description="Documents that the ranker learns from at most; only as many folds as they need are trained.",
    )
    held_out: float = Field(default=0.2, gt=0, lt=1, description="Share of them that its size is tuned on.")
    rare_weight: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Power of the inverse propensity that a right candidate weighs in the ranker's loss: 0 for none, "
        "1 for all of it. Above 0 rare labels rank higher and the probabilities are calibrated afterwards.",
    )
    ablation: bool = Field(
        default=True, description="Find out, on the held-out documents, what each source adds; takes a little longer."
    )
    seed: int = Field(default=0, ge=0, description="Of folds, ranker and models that have none of their own.")
    features: TfidfConfig = Field(
        default=TfidfConfig(sublinear_tf=True), description="How texts become the features that the sources share."
    )

    @field_validator("sources", mode="before")
    @classmethod
    def _completed(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError("expected sources by name, each with a kind")
        given = {name: None if section is None else _source(name, section) for name, section in value.items()}
        return {**_default_sources(), **given}

    @field_validator("ranker", mode="before")
    @classmethod
    def _ranker_of_its_kind(cls, value: Any) -> Any:
        return section_of(value, RANKERS)

    @model_validator(mode="after")
    def _something_proposes(self) -> FusedConfig:
        if not self.in_use:
            raise ValueError("all sources are left out")
        first = next(iter(self.in_use.values()))
        if first.kind == "neighbours":  # type: ignore[attr-defined]
            raise ValueError("the first source cannot be of kind neighbours: it starts from the sources before it")
        return self

    @property
    def in_use(self) -> dict[str, Section]:
        """The sources that are not left out."""
        return {name: section for name, section in self.sources.items() if section is not None}


def _source(name: str, value: Any) -> Section:
    if not _NAME.fullmatch(name):
        raise ValueError(f"the name of a source is made of letters, digits, - and _, not {name!r}")
    if isinstance(value, Mapping) and "kind" not in value:
        # A default source that is only changed, or one called after its kind.
        known = _default_sources().get(name)
        value = {"kind": name if known is None else _kind(known), **value}
    return section_of(value, SOURCES, at=name)


def _kind(source: Section) -> str:
    return source.kind  # type: ignore[attr-defined]
