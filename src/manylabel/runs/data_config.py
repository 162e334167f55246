"""The section ``data`` of a configuration: what is read, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from manylabel.core.config import Section, Shorthand
from manylabel.core.corpus import UnknownLabels
from manylabel.data.formats import FORMATS, LABEL_FORMATS

DEFAULT_TEXT_FIELDS = ("text",)


class LabelFile(Section):
    """A label file: the closed space of all labels. A bare string stands for its path."""

    path: str = Field(min_length=1, description="The file, relative to the current directory.")
    format: str | None = Field(default=None, description="Name of its format; found out by default.")
    names: Literal["local", "uri", "notation"] | None = Field(
        default=None,
        description="SKOS only: what documents call a concept, the last part of its URI (default), the URI, or its "
        "notation.",
    )
    language: str | None = Field(default=None, description="SKOS only: the language of the names.")

    @field_validator("format")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return _known_name(LABEL_FORMATS, value)

    def options(self) -> dict[str, Any]:
        """Options of the format that are given."""
        given = {"names": self.names, "language": self.language}
        return {name: value for name, value in given.items() if value is not None}


class DataConfig(Section):
    """What is read. Paths are relative to the current directory, wherever the configuration lies."""

    train: str = Field(min_length=1, description="Training documents: a file, or a folder of a known format.")
    test: str | None = Field(
        default=None, min_length=1, description="Test documents; with them, the run is evaluated when it is trained."
    )
    validation: str | None = Field(
        default=None,
        min_length=1,
        description="Validation documents, for models that are trained in epochs; without them, such models hold a "
        "share of the training documents out (model.train.validation).",
    )
    labels: Annotated[LabelFile | None, Shorthand()] = Field(
        default=None, description="Label file, as a path or a section; without one, the labels are those of training."
    )
    unknown_labels: UnknownLabels | None = Field(
        default=None,
        description="A label outside the label file (in a test part without one: outside training) is an error, is "
        "dropped, or is kept as one never seen; by default an error with a label file, else kept.",
    )
    format: str | None = Field(default=None, description="Name of the documents' format; found out by default.")
    text_fields: Annotated[tuple[str, ...], Shorthand()] = Field(
        default=DEFAULT_TEXT_FIELDS, min_length=1, description="Fields that make up the text, joined by a newline."
    )
    labels_field: str = Field(default="labels", min_length=1, description="Field with the labels.")
    id_field: str | None = Field(default=None, description="Field with the document's name; by default id, else uid.")
    label_separator: str | None = Field(
        default=None, min_length=1, description="Between labels within one string; in CSV by default |."
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Between the cells of a CSV row; found out by default."
    )
    train_part: str = Field(
        default="train", min_length=1, description="Which part to train on, where train is a folder."
    )
    test_part: str = Field(default="test", min_length=1, description="Which part to test on, where test is a folder.")
    zero_based: bool = Field(default=False, description="Features of LIBSVM files are counted from 0 instead of 1.")

    @model_validator(mode="before")
    @classmethod
    def _bare_label_file(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("labels"), str):
            return {**values, "labels": {"path": values["labels"]}}
        return values

    @field_validator("text_fields", mode="before")
    @classmethod
    def _bare_text_field(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("format")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return _known_name(FORMATS, value)


def _known_name(table: Any, value: str | None) -> str | None:
    """A name of the table, or None; pydantic wants a ValueError for anything else."""
    from manylabel.core.config import did_you_mean

    if value is not None and value not in table:
        raise ValueError(f"unknown {table.kind}{did_you_mean(value, table)}")
    return value
