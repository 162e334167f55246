"""From a record with named fields to a document: what JSON Lines, CSV, Parquet and hub data sets share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.data.formats.base import ReadOptions

ID_FIELDS = ("id", "uid")
"""Where a document's name is looked for when no field is named."""

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# json.loads spends as long around this as in it, which shows when a file has a million lines.
_decode = json.JSONDecoder().raw_decode
_BLANKS = " \t\r\n"
_KINDS = {str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


class RecordReader:
    """Checks records and turns them into documents.

    Args:
        path: the file, for messages.
        options: which fields make up what.
    """

    def __init__(self, path: str | Path, options: ReadOptions) -> None:
        self._path = path
        self._text_fields, self._labels_field = options.text_fields, options.labels_field or ""
        # Where these two are strings there is nothing more to see to; None is no field of any record.
        self._text_field: Any = options.text_fields[0] if len(options.text_fields) == 1 else None
        self._id_name = options.id_field if options.id_field is not None else ID_FIELDS[0]
        self._with_labels = options.labels_field is not None
        self._id_field, self._keep = options.id_field, options.keep_fields
        self._separator, self._require_labels = options.label_separator, options.require_labels
        self._unmet = set(options.text_fields) if len(options.text_fields) > 1 else set()

    def document(self, record: Mapping[str, Any], line: int) -> Document:
        """The document of one record.

        Raises:
            InputError: a missing field, or a value of the wrong kind.
        """
        text = record.get(self._text_field)
        if type(text) is not str:
            text = self._text(record, line)
        name = record.get(self._id_name)
        if type(name) is not str:
            name = self._id(record, line)
        labels = self._labels(record, line) if self._with_labels else ()
        fields = {kept: self._kept(record, kept, line) for kept in self._keep} if self._keep else _NO_FIELDS
        return Document(text, labels, name, fields, line)

    def finish(self) -> None:
        """Say so if one of several text fields was in no record at all.

        Raises:
            InputError: such a field.
        """
        if self._unmet:
            raise InputError(
                f"no record has the field {min(self._unmet)!r}",
                path=self._path,
                remedy="correct the name, or leave it out of text_fields",
            )

    def _text(self, record: Mapping[str, Any], line: int) -> str:
        if len(self._text_fields) == 1:
            raise self._bad_text(record, self._text_fields[0], line)
        pieces: list[str] = []
        present = False
        for name in self._text_fields:
            piece = record.get(name)
            if type(piece) is str:
                present = True
                self._unmet.discard(name)
                if piece:
                    pieces.append(piece)
            elif piece is not None:
                raise self._bad_text(record, name, line)
        if not present:
            raise self._missing(record, " or ".join(map(repr, self._text_fields)), line, "give the document a text")
        return "\n".join(pieces)

    def _bad_text(self, record: Mapping[str, Any], name: str, line: int) -> InputError:
        if name not in record:
            return self._missing(record, repr(name), line, "name the field with text_fields")
        found = kind_of(record[name])
        return InputError(
            f"the text in {name!r} is {found}, not a string",
            path=self._path,
            line=line,
            remedy="quote it or correct it",
        )

    def _missing(self, record: Mapping[str, Any], what: str, line: int, remedy: str) -> InputError:
        present = ", ".join(list(record)[:8]) or "none"
        return InputError(f"has no field {what} (fields: {present})", path=self._path, line=line, remedy=remedy)

    def _labels(self, record: Mapping[str, Any], line: int) -> tuple[str, ...]:
        name = self._labels_field
        labels = record.get(name)
        if type(labels) is list:
            for label in labels:
                if type(label) is not str or not label:
                    return self._converted(labels, line)
            return tuple(labels)
        if type(labels) is str and self._separator is not None:
            return split_labels(labels, self._separator)
        if labels is not None:
            raise InputError(
                f"{name!r} is {kind_of(labels)}, not a list of labels",
                path=self._path,
                line=line,
                remedy='write a list such as ["a", "b"]'
                + (", or name what separates labels with label_separator" if type(labels) is str else ""),
            )
        if name not in record and self._require_labels:
            raise self._missing(
                record, repr(name), line, "name it with labels_field; a document without labels has an empty list"
            )
        return ()

    def _converted(self, labels: Iterable[Any], line: int) -> tuple[str, ...]:
        """Labels of which some are not plain strings: whole numbers count as their decimal digits."""
        names: list[str] = []
        for label in labels:
            if type(label) is int:
                label = str(label)
            if type(label) is not str:
                raise InputError(
                    f"a label is {kind_of(label)}, not a string", path=self._path, line=line, remedy="quote the labels"
                )
            if not label:
                raise InputError("a label is empty", path=self._path, line=line, remedy="leave it out")
            names.append(label)
        return tuple(names)

    def _id(self, record: Mapping[str, Any], line: int) -> str | None:
        for name in (self._id_field,) if self._id_field is not None else ID_FIELDS:
            value = record.get(name)
            if type(value) is str:
                return value
            if type(value) is int:
                return str(value)
            if value is not None:
                raise InputError(
                    f"the id in {name!r} is {kind_of(value)}, not a string",
                    path=self._path,
                    line=line,
                    remedy="quote it",
                )
        if self._id_field is not None:
            raise self._missing(record, repr(self._id_field), line, "correct id_field, or give every document an id")
        return None

    def _kept(self, record: Mapping[str, Any], name: str, line: int) -> str:
        if name not in record:
            raise self._missing(record, repr(name), line, "give it to every document, or leave it out of keep_fields")
        value = record[name]
        if type(value) is str:
            return value
        if value is None:
            return ""
        if isinstance(value, (bool, int, float)):
            return json.dumps(value)
        raise InputError(
            f"the field {name!r} is {kind_of(value)}, not a string",
            path=self._path,
            line=line,
            remedy="make it a string",
        )


def kind_of(value: object) -> str:
    """What a value from a file is, in words."""
    return "null" if value is None else _KINDS.get(type(value), f"of the type {type(value).__name__}")


def split_labels(cell: str, separator: str) -> tuple[str, ...]:
    """Labels of one string, without blanks around them; pieces that are blank are left out."""
    return tuple(label for piece in cell.split(separator) if (label := piece.strip()))


def record_of(document: Document, *, ids: bool) -> dict[str, Any]:
    """The record to write for a document: ``id`` where it has one, ``text``, ``labels`` and its further fields.

    Raises:
        ValueError: a further field has one of these names.
    """
    record: dict[str, Any] = {"id": document.id} if ids and document.id is not None else {}
    record |= {"text": document.text, "labels": list(document.labels)}
    clash = set(document.fields) & {*ID_FIELDS, "text", "labels"}
    if clash:
        raise ValueError(f"has a further field called {min(clash)!r}, which is taken")
    return record | dict(document.fields)


def parse_object(line: str, path: str | Path, number: int) -> dict[str, Any]:
    """The JSON object on one line.

    Raises:
        InputError: not JSON, not an object, or text that is not valid Unicode.
    """
    try:
        value, end = _decode(line)
        if type(value) is not dict or (line[end:] != "\n" and line[end:].strip(_BLANKS)):
            value = _parsed_with_care(line, path, number)
    except (ValueError, RecursionError):
        value = _parsed_with_care(line, path, number)
    if "\\" in line and _SURROGATE.search(line):
        _check_surrogates(value, path, number)
    return value


def _parsed_with_care(line: str, path: str | Path, number: int) -> dict[str, Any]:
    """For a line that the bare scanner did not take: blanks before the object, or a mistake to be told."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise _not_json(line, error, path, number) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot be parsed: {error}", path=path, line=number, remedy="correct the line") from None
    if type(value) is not dict:
        raise InputError(
            f"is {kind_of(value)}, not an object", path=path, line=number, remedy='write one {"text": ...} a line'
        )
    return value


def _not_json(line: str, error: json.JSONDecodeError, path: str | Path, number: int) -> InputError:
    if number == 1 and line.strip() in ("[", "{", "[{"):
        return InputError(
            "is one JSON document over many lines",
            path=path,
            line=number,
            remedy="write one object a line, for example: jq -c '.[]'",
        )
    return InputError(
        f"is not valid JSON: {error.msg} (column {error.colno})",
        path=path,
        line=number,
        remedy="write one complete object a line",
    )


def _check_surrogates(value: object, path: str | Path, number: int) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(
            "holds half of a surrogate pair, which is not text",
            path=path,
            line=number,
            remedy="remove that \\ud... escape",
        ) from None
