"""A run's configuration: data, model and evaluation, read from YAML, with every mistake named at once by its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from manylabel.core.config import Section, apply_overrides, did_you_mean, explain, read_yaml
from manylabel.core.errors import ConfigError
from manylabel.core.table import OneOf
from manylabel.models import MODELS
from manylabel.runs.data_config import DataConfig
from manylabel.runs.evaluate_config import EvaluateConfig
from manylabel.runs.yaml_lines import YamlLines

DEFAULT_MODEL = "auto"

ModelSection = TypeVar("ModelSection", bound=Section)


class RunConfig(Section, Generic[ModelSection]):
    """Everything that a training depends on, apart from the data itself.

    The type of `model` follows from its ``kind``, see :func:`parse_config`; a bare string means ``{kind: string}``.
    """

    data: DataConfig = Field(description="What is read.")
    model: ModelSection = Field(description="Which model, and how it is trained.")
    evaluate: EvaluateConfig = Field(default=EvaluateConfig(), description="How it is measured on the test part.")

    def with_model(self, model: Section) -> RunConfig[Any]:
        """The same with another model."""
        return RunConfig[type(model)].model_validate(
            {**{name: getattr(self, name) for name in self.model_fields_set}, "model": model}
        )


class ConfigMistakes(ConfigError):
    """All mistakes of a configuration.

    Attributes:
        mistakes: one line each, with file and line, or the assignment that made it.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(mistakes))


def read_config(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig[Any]:
    """Read a configuration file.

    Args:
        path: a YAML file.
        overrides: ``a.b=value`` assignments, applied last.

    Raises:
        InputError: missing, or not YAML.
        ConfigMistakes: every mistake, each with the line or the assignment that it stands in.
    """
    values = read_yaml(path)
    lines = YamlLines(Path(path))
    return parse_config(values, overrides, source=str(path), lines=lines)


def parse_config(
    values: Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    source: str = "configuration",
    lines: YamlLines | None = None,
) -> RunConfig[Any]:
    """Build a configuration from plain data; arguments and errors as for :func:`read_config`.

    Args:
        values: the sections as nested dictionaries.
        overrides: assignments, applied to `values`.
        source: where the values came from, for messages.
        lines: where in a file they stand.
    """
    resolved = apply_overrides(values, overrides)
    places = _Places(source, lines, overrides)
    mistakes = [f"{source}:{line}: {key}: stands twice" for key, line in (lines.repeated if lines else [])]
    section = _model_section(resolved, places, mistakes)
    type_ = RunConfig[section]
    try:
        config = type_.model_validate(resolved)
    except ValidationError as error:
        phrases = explain(error, type_)
        for item, phrase in zip(error.errors(include_url=False), phrases, strict=True):
            mistakes.append(f"{places.of(item['loc'])}: {phrase}")
        raise ConfigMistakes(mistakes) from None
    if mistakes:
        raise ConfigMistakes(mistakes)
    return config


def config_schema() -> dict[str, Any]:
    """The JSON schema of a configuration with any model of the table: what :func:`parse_config` takes.

    Conditions that tie several fields together are beyond it.
    """
    model: Any = Annotated[Section, OneOf(MODELS, default=DEFAULT_MODEL)]
    whole: Any = RunConfig
    schema = TypeAdapter(whole[model | None]).json_schema()
    return {**schema, "required": [name for name in schema["required"] if name != "model"]}


def _model_section(values: dict[str, Any], places: _Places, mistakes: list[str]) -> type[Section]:
    """The section that ``model.kind`` names; completes `values` where the model is a bare string or left out."""
    model = values.get("model")
    if model is None:
        model = {"kind": DEFAULT_MODEL}
    elif isinstance(model, str):
        model = {"kind": model}
    values["model"] = model
    if not isinstance(model, dict):
        return MODELS.section(DEFAULT_MODEL)
    if model and "kind" not in model:
        first = next(iter(model))
        mistakes.append(f"{places.of(('model', first))}: model.kind: name the model that these options belong to")
        values["model"] = {"kind": DEFAULT_MODEL}
        return MODELS.section(DEFAULT_MODEL)
    kind = model.get("kind", DEFAULT_MODEL)
    if isinstance(kind, str) and kind in MODELS:
        return MODELS.section(kind)
    mistakes.append(f"{places.of(('model', 'kind'))}: model.kind: unknown model{did_you_mean(str(kind), MODELS)}")
    values["model"] = {"kind": DEFAULT_MODEL}  # the other sections are still looked at
    return MODELS.section(DEFAULT_MODEL)


class _Places:
    """Where a key was given: on the line of a file, or by an assignment."""

    def __init__(self, source: str, lines: YamlLines | None, overrides: Iterable[str]) -> None:
        self._source, self._lines = source, lines
        self._assigned = {tuple(item.partition("=")[0].strip().split(".")): item for item in overrides}

    def of(self, path: Sequence[str | int]) -> str:
        keys = tuple(str(part) for part in path)
        for length in range(len(keys), 0, -1):
            if keys[:length] in self._assigned:
                return f"--set {self._assigned[keys[:length]]}"
        line = self._lines.of(keys) if self._lines is not None else None
        return self._source if line is None else f"{self._source}:{line}"
