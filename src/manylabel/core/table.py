"""Tables of parts: a name, what it is, and where it lives. Imported only when used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import ValidationError
from pydantic_core.core_schema import definition_reference_schema

from manylabel.core.config import Section, did_you_mean, explain
from manylabel.core.errors import ConfigError, MissingExtraError

_PACKAGES = {"nn": ("torch", "transformers", "tokenizers")}  # those of each extra that parts of a table import


@dataclass(frozen=True)
class Part:
    """One line of a table.

    Attributes:
        target: ``"module:Name"`` of the implementation (a class, function or module attribute).
        summary: one sentence for lists and the reference page.
        section: ``"module:Name"`` of its configuration section, in a module that is light to import; None if it
            takes no configuration.
        extra: the extra of ``manylabel`` that brings the packages that the implementation imports; None if it needs
            none.
    """

    target: str
    summary: str
    section: str | None = None
    extra: str | None = None


class Table(Mapping[str, Part]):
    """The parts of one kind by name, in the order of declaration.

    Listing a table and reading its configuration sections imports no implementation, so that ``manylabel list`` and
    ``config check`` need none of the heavy dependencies.
    """

    def __init__(self, kind: str, parts: Mapping[str, Part]) -> None:
        self.kind = kind
        self._parts = dict(parts)

    def __getitem__(self, name: str) -> Part:
        try:
            return self._parts[name]
        except KeyError:
            raise ConfigError(f"unknown {self.kind}{did_you_mean(name, self._parts)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def load(self, name: str) -> Any:
        """The implementation called `name`, imported now.

        Raises:
            ConfigError: no part of that name, with the nearest one.
            MissingExtraError: a package of the part's extra is not installed.
        """
        part = self[name]
        try:
            return _resolve(part.target)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if part.extra is None or package not in _PACKAGES[part.extra]:
                raise
            raise MissingExtraError(package, part.extra, f"the {self.kind} {name}") from None

    def section(self, name: str) -> type[Section]:
        """The configuration section of the part called `name` (an empty :class:`Section` if it takes none)."""
        where = self[name].section
        return _resolve(where) if where else Section


def section_of(value: Any, table: Table, *, at: str = "") -> Section:
    """The section that a bare kind, a mapping with a kind, or a section is, of the parts of a table.

    Args:
        value: what a configuration has.
        table: of the parts that it may mean.
        at: the path of the section, put before that of each mistake in it.

    Raises:
        ValueError: no kind, an unknown one, or a mistake in the section; all of them in one line.
    """
    if isinstance(value, Section):
        return value
    values = {"kind": value} if isinstance(value, str) else value
    kind = values.get("kind") if isinstance(values, Mapping) else None
    if not isinstance(kind, str):
        options = ", ".join(map(str, values)) if isinstance(values, Mapping) else ""
        more = f": name the kind that these options belong to ({options})" if options else ""
        raise ValueError(f"expected a kind of {table.kind}, or a section with one{more}")
    if kind not in table:
        raise ValueError(f"unknown {table.kind}{did_you_mean(kind, table)}")
    section = table.section(kind)
    try:
        return section.model_validate(values)
    except ValidationError as error:
        raise ValueError("; ".join(f"{at}.{phrase}" if at else phrase for phrase in explain(error, section))) from None


class OneOf:
    """Says in the JSON schema of a field what it takes: a kind of part, or the section of one. Changes nothing else.

    Args:
        table: of the parts.
        without: kinds that the field refuses.
        default: the kind of a section that names none; if not given it must name one.
    """

    def __init__(self, table: Table, *, without: tuple[str, ...] = (), default: str | None = None) -> None:
        self._table, self._without, self._default = table, without, default

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """See pydantic; sections are imported now."""
        del core_schema
        kinds = [kind for kind in self._table if kind not in self._without]
        return {"anyOf": [{"type": "string", "enum": kinds}, *(self._section(kind, handler) for kind in kinds)]}

    def _section(self, kind: str, handler: Any) -> dict[str, Any]:
        found = _described(self._table.section(kind), handler)
        # The field of a kind has a default, so that it would not be required otherwise.
        return found if kind == self._default else {**found, "required": [*found.get("required", []), "kind"]}


_under_description: ContextVar[tuple[type[Section], ...]] = ContextVar("_under_description", default=())


def _described(section: type[Section], handler: Any) -> dict[str, Any]:
    """The JSON schema of a section; a reference where it stands within itself, as models do that have models inside."""
    whole: Any = section.__pydantic_core_schema__
    outer = _under_description.get()
    if section in outer:
        return handler(definition_reference_schema(whole.get("ref") or whole["schema"]["ref"]))
    token = _under_description.set((*outer, section))
    try:
        return handler(whole)
    finally:
        _under_description.reset(token)


def _resolve(where: str) -> Any:
    module, _, attribute = where.partition(":")
    return getattr(import_module(module), attribute)
