"""SKOS vocabularies in Turtle, N-Triples or RDF/XML, through rdflib (extra ``skos``).

Every ``skos:Concept`` is a label. Its text is the preferred name, its alternatives the alternative names, both in one
language; its parents are the concepts that it, or they, declare broader or narrower
(https://www.w3.org/TR/skos-reference/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from manylabel.core.config import Section
from manylabel.core.errors import InputError, MissingExtraError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import LabelFormat
from manylabel.data.formats.streams import DAMAGE, extension_of, head_of, open_bytes

_SKOS = "http://www.w3.org/2004/02/skos/core#"
_SYNTAXES = {"ttl": "turtle", "nt": "nt", "rdf": "xml", "xml": "xml", "owl": "xml", "skos": "xml"}


class SkosOptions(Section):
    """How concepts become labels."""

    names: Literal["local", "uri", "notation"] = Field(
        default="local",
        description="What documents call a concept: the last part of its URI, the whole URI, or its skos:notation.",
    )
    language: str | None = Field(
        default=None,
        description="Language of the names; by default those without one, else English, else the first by alphabet.",
    )


class Skos(LabelFormat):
    """Reads SKOS vocabularies."""

    extensions = ("ttl", "nt", "rdf", "owl", "skos")

    def sniff(self, path: Path, head: bytes) -> bool:
        """Mentions SKOS near its beginning."""
        return _SKOS.encode() in head or b"<rdf:RDF" in head

    def read(self, path: Path, options: Section) -> LabelSpace:
        """All concepts, ordered by name."""
        chosen = options if isinstance(options, SkosOptions) else SkosOptions()
        graph, rdflib = _parse(path)
        skos = rdflib.Namespace(_SKOS)
        concepts = sorted(
            node for node in set(graph.subjects(rdflib.RDF.type, skos.Concept)) if isinstance(node, rdflib.URIRef)
        )
        if not concepts:
            raise InputError("holds no skos:Concept", path=path, remedy="is it a SKOS vocabulary?")
        names = {node: _name(graph, node, skos, chosen.names, path) for node in concepts}
        _check_distinct(names, path)
        broader = _broader(graph, skos, names)
        ordered = sorted(concepts, key=names.__getitem__)
        return LabelSpace(
            names=[names[node] for node in ordered],
            texts=[_preferred(graph.objects(node, skos.prefLabel), chosen.language) for node in ordered],
            alternatives=[_all_in(graph.objects(node, skos.altLabel), chosen.language) for node in ordered],
            parents=[tuple(sorted(broader.get(node, ()))) for node in ordered],
            closed=True,
        )


def _parse(path: Path) -> tuple[Any, Any]:
    try:
        import rdflib
    except ImportError:
        raise MissingExtraError("rdflib", "skos", "reading SKOS vocabularies") from None
    syntax = _SYNTAXES.get(extension_of(path)) or ("xml" if head_of(path).lstrip().startswith(b"<") else "turtle")
    graph = rdflib.Graph()
    with open_bytes(path) as stream:
        try:
            graph.parse(file=stream, format=syntax)
        except DAMAGE:
            raise
        except Exception as error:  # noqa: BLE001 - its parsers raise whatever their own libraries do
            raise _malformed(error, syntax, path) from None
    return graph, rdflib


def _malformed(error: Exception, syntax: str, path: Path) -> InputError:
    """What the parser of each syntax says about where it stopped, on one line."""
    reason = str(getattr(error, "_why", "") or error)
    line: int | None = None
    if isinstance(getattr(error, "lines", None), int):  # Turtle: lines before
        line = vars(error)["lines"] + 1
    elif place := re.match(r"\S+:(\d+):\d+: ", reason):  # RDF/XML
        line, reason = int(place[1]), reason[place.end() :]
    shown = {"xml": "RDF/XML", "turtle": "Turtle", "nt": "N-Triples"}[syntax]
    return InputError(
        f"is not valid {shown}: {reason[:200]}", path=path, line=line, remedy="correct it, or export it again"
    )


def _name(graph: Any, node: Any, skos: Any, kind: str, path: Path) -> str:
    if kind == "uri":
        return str(node)
    if kind == "notation":
        notations = sorted(str(value) for value in graph.objects(node, skos.notation))
        if not notations:
            raise InputError(f"{node} has no skos:notation", path=path, remedy="set names to local or uri")
        return notations[0]
    return re.split(r"[/#]", str(node).rstrip("/#"))[-1]


def _check_distinct(names: dict[Any, str], path: Path) -> None:
    first: dict[str, Any] = {}
    for node, name in names.items():
        if name in first:
            raise InputError(
                f"{first[name]} and {node} would both be called {name!r}", path=path, remedy="set names to uri"
            )
        first[name] = node


def _broader(graph: Any, skos: Any, names: dict[Any, str]) -> dict[Any, set[str]]:
    found: dict[Any, set[str]] = {}
    pairs = [*graph.subject_objects(skos.broader), *((n, b) for b, n in graph.subject_objects(skos.narrower))]
    for node, parent in pairs:
        if node in names and parent in names and node != parent:
            found.setdefault(node, set()).add(names[parent])
    return found


def _preferred(literals: Iterable[Any], language: str | None) -> str | None:
    names = _all_in(literals, language)
    return names[0] if names else None


def _all_in(literals: Iterable[Any], language: str | None) -> tuple[str, ...]:
    """The names in one language, sorted."""
    by_language: dict[str, list[str]] = {}
    for literal in literals:
        by_language.setdefault((getattr(literal, "language", None) or "").lower(), []).append(str(literal))
    if not by_language:
        return ()
    if language is not None:
        return tuple(sorted(by_language.get(language.lower(), ())))
    chosen = next((known for known in ("", "en") if known in by_language), min(by_language))
    return tuple(sorted(by_language[chosen]))
