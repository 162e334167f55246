"""Configuration sections: typed, frozen, strict about unknown keys, with a guess at what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from manylabel.core.errors import ConfigError, InputError

_LONGEST = 200  # characters of a wrong value, or of what is wrong with it, that are shown


class Section(BaseModel):
    """Base of every configuration section.

    Frozen, refuses unknown keys and infinite numbers, validates defaults. Subclasses declare fields with types,
    bounds and descriptions; the JSON schema, the reference page and the command line's help are made from these.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, populate_by_name=True, allow_inf_nan=False
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, source: str = "configuration") -> Self:
        """Build the section from plain data.

        Args:
            values: nested dictionaries, lists, strings and numbers, as read from YAML or JSON.
            source: where they came from, for the error text.

        Raises:
            ConfigError: every mistake at once, each with its path and, for a misspelt key, the nearest known one.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{source}: {'; '.join(explain(error, cls))}") from None

    def with_values(self, **changes: Any) -> Self:
        """A validated copy with some fields replaced (`model_copy` would skip validation)."""
        # Sections inside stay the objects they are: taken apart, one in a union would lose the kind it has by default.
        return type(self).parse({**{name: getattr(self, name) for name in self.model_fields_set}, **changes})


class Shorthand:
    """Says in the JSON schema of a field that it takes less, too: a bare string, or of a list its only element.

    It changes nothing else: a validator of the field makes the whole of it.

    Args:
        strings: those that the field takes; any if none is given. Of a list its elements say what it takes.
    """

    def __init__(self, *strings: str) -> None:
        self._strings = strings

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """See pydantic."""
        whole = handler(core_schema)
        if "items" in whole:
            return {"anyOf": [whole["items"], whole]}
        bare = {"type": "string", "enum": list(self._strings)} if self._strings else {"type": "string"}
        return {"anyOf": [bare, whole]}


def explain(error: ValidationError, section: type[BaseModel]) -> list[str]:
    """One short phrase per mistake of a pydantic error: path, what is wrong, nearest known key."""
    return [_phrase(item, section) for item in error.errors(include_url=False)]


def _phrase(item: Mapping[str, Any], section: type[BaseModel]) -> str:
    location = [str(part) for part in item["loc"]]
    path = ".".join(location) or "(top level)"
    if item["type"] == "extra_forbidden":
        known = _known_keys(section, location[:-1])
        return f"{path}: unknown key{did_you_mean(location[-1], known)}"
    if item["type"] == "missing":
        return f"{path}: is required"
    message = str(item["msg"]).removeprefix("Value error, ")
    given = item.get("input")
    shown = ""
    told = isinstance(given, str) and repr(given) in message  # an unknown name is in its message already
    if not told and (isinstance(given, (str, int, float, bool)) or given is None):
        shown = f", got {_cut(repr(given))}"
    return f"{path}: {message[:1].lower()}{_cut(message[1:])}{shown}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _known_keys(section: type[BaseModel], path: list[str]) -> list[str]:
    """Field names of the (possibly nested) section that a path leads to; unions contribute all their members."""
    candidates: list[type[BaseModel]] = [section]
    for part in path:
        following: list[type[BaseModel]] = []
        for candidate in candidates:
            field = candidate.model_fields.get(part)
            if field is not None:
                following.extend(_models_in(field.annotation))
        # A union's member is named in pydantic's path by its tag, which is no field: stay where we are then.
        candidates = following or candidates
    return sorted({name for candidate in candidates for name in candidate.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models_in(argument)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A phrase to append to "unknown X": the nearest known name, or all of them when there are few."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f" {name!r}, did you mean {close[0]!r}?"
    return f" {name!r}, known are: {', '.join(names)}" if len(names) <= 30 else f" {name!r}"


def parse_yaml(text: str) -> Any:
    """Plain data from YAML, by the safe loader.

    Raises:
        yaml.YAMLError: whatever is wrong; the loader itself lets other errors through for an impossible date, a
            badly tagged number or thousands of nested brackets.
    """
    import yaml

    try:
        return yaml.safe_load(text)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        raise yaml.MarkedYAMLError(problem=f"a value cannot be read: {error}") from None
    except RecursionError:
        raise yaml.MarkedYAMLError(problem="too deeply nested") from None


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read one YAML mapping with the safe loader.

    Raises:
        InputError: missing file, not UTF-8, not YAML (with its line), or not a mapping.
    """
    import yaml

    path = Path(path)
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such configuration file", path=path) from None
    except IsADirectoryError:
        raise InputError("is a directory, expected a YAML file", path=path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start})", path=path, remedy="save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise InputError(f"is not valid YAML: {problem}", path=path, line=mark.line + 1 if mark else None) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None
    if not isinstance(values, dict):
        raise InputError("expected a mapping of sections at the top level", path=path)
    return values


def apply_overrides(values: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Apply ``a.b=value`` assignments (the command line's ``--set``) to nested mappings; values are read as YAML.

    Raises:
        ConfigError: an assignment without ``=``, or a path that runs through a value that is no mapping.
    """
    import yaml

    result = _deep_copy(values)
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key.strip():
            raise ConfigError(f"--set {override}: expected PATH=VALUE, for example model.leaf_size=50")
        *parents, last = key.strip().split(".")
        node = result
        for part in parents:
            child = node.get(part)
            if isinstance(child, str):  # a bare string means {kind: string}
                child = {"kind": child}
            if child is not None and not isinstance(child, dict):
                raise ConfigError(f"--set {override}: {part} is not a section")
            node[part] = child if child is not None else {}
            node = node[part]
        try:
            node[last] = parse_yaml(text)
        except yaml.YAMLError:
            node[last] = text
    return result


def _deep_copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _deep_copy(value) if isinstance(value, Mapping) else value for key, value in values.items()}


def to_yaml(section: BaseModel) -> str:
    """The fully resolved section as YAML, keys in declaration order, readable back by :func:`read_yaml`."""
    import yaml

    return yaml.safe_dump(section.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
