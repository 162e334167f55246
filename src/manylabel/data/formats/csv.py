"""CSV and TSV: a header that names the columns, all labels of a document in one cell.

Cells may be quoted and then hold line ends. Labels are separated by ``|`` unless told otherwise; blanks around a label
do not belong to it. Every word is a label, also ``NA`` and ``null``; only an empty cell means no labels.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import DEFAULT_LABEL_SEPARATOR, Format, ReadOptions, WriteOptions, refuse
from manylabel.data.formats.records import ID_FIELDS, RecordReader, record_of, split_labels
from manylabel.data.formats.streams import LineOutput, extension_of, open_output, read_lines

_LONGEST_NAME = 40  # of a column, in messages
_DELIMITERS = (",", "\t", ";", "|")
_CELL_CHARACTERS = 2**31 - 1


class Csv(Format):
    """Reads and writes CSV and TSV."""

    extensions = ("csv", "tsv")
    read_options = frozenset(
        {"text_fields", "labels_field", "require_labels", "id_field", "keep_fields", "label_separator", "delimiter"}
    )
    write_options = frozenset({"ids", "label_separator", "delimiter"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """Known by its name only: the content of a CSV file can look like anything."""
        return extension_of(path) in self.extensions

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents by row; a document's line is that on which its row begins."""
        options = options.with_values(label_separator=options.label_separator or DEFAULT_LABEL_SEPARATOR)
        reader = RecordReader(path, options)
        # The library's bound of 128 kB a cell is a setting of the whole process; texts are longer than that.
        csv.field_size_limit(max(csv.field_size_limit(), _CELL_CHARACTERS))
        lines = _checked(read_lines(path), path)
        first = next(lines, None)
        if first is None:
            raise InputError("is empty", path=path, remedy="expected a header that names the columns")
        delimiter = options.delimiter or _delimiter_of(first, path, options)
        rows = _rows(_chain(first, lines), delimiter, path)
        _, header = next(rows)
        _check_header(header, options, path)
        for line, row in rows:
            if len(row) != len(header):
                _wrong_length(row, header, delimiter, path, line)
            record = dict(zip(header, row, strict=True))
            for name in (options.id_field,) if options.id_field else ID_FIELDS:
                if record.get(name) == "":
                    del record[name]  # an empty cell is no id
            yield reader.document(record, line)

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """A header and a row for each document, every cell quoted."""
        delimiter = options.delimiter or ("\t" if extension_of(path) == "tsv" else ",")
        header: list[str] | None = None
        with open_output(path) as output:
            rows = csv.writer(_Cells(output), delimiter=delimiter, lineterminator="", quoting=csv.QUOTE_ALL)
            for number, document in enumerate(documents, 1):
                try:
                    record = record_of(document, ids=options.ids)
                    record["labels"] = _joined(document.labels, options.label_separator)
                    _check_cells(record)
                except ValueError as error:
                    refuse(str(error), path, number, "write JSON Lines, which holds every text and label")
                if header is None:
                    rows.writerow(header := list(record))
                elif list(record) != header:
                    refuse(
                        "has other fields than the first", path, number, "give all documents the same fields and ids"
                    )
                rows.writerow(record.values())


class _Cells:
    """A file for the library's writer, which gives it one finished row at a time."""

    def __init__(self, output: LineOutput) -> None:
        self._output = output

    def write(self, row: str) -> None:
        self._output.write(row)


def _checked(lines: Iterator[tuple[int, str]], path: Path) -> Iterator[str]:
    for number, line in lines:
        if "\0" in line:
            raise InputError(
                "holds a NUL character",
                path=path,
                line=number,
                remedy="is it UTF-16? Save it as UTF-8, or remove the NUL",
            )
        yield line


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _rows(lines: Iterator[str], delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line on which it begins."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _malformed(error, path, line) from None
        if row:
            yield line, row


def _malformed(error: csv.Error, path: Path, line: int) -> InputError:
    message = str(error)
    if "unexpected end of data" in message:
        return InputError(
            "a quoted cell that begins in this row never ends", path=path, line=line, remedy="close the quote"
        )
    if "new-line character" in message:
        return InputError(
            "holds a bare carriage return outside quotes", path=path, line=line, remedy="end lines with a newline"
        )
    return InputError(
        f"is malformed: {message}", path=path, line=line, remedy='quote the whole cell and double the quotes in it: ""'
    )


def _wanted(options: ReadOptions) -> list[str]:
    labels = [options.labels_field] if options.labels_field is not None and options.require_labels else []
    named = [options.id_field] if options.id_field is not None else []
    return [*options.text_fields, *labels, *named, *options.keep_fields]


def _delimiter_of(first: str, path: Path, options: ReadOptions) -> str:
    """The first delimiter with which the header has all columns asked for; else the usual one, for the message."""
    wanted = set(_wanted(options))
    candidates = ("\t", *_DELIMITERS) if extension_of(path) == "tsv" else _DELIMITERS
    for delimiter in candidates:
        if wanted <= set(next(csv.reader([first], delimiter=delimiter), [])):
            return delimiter
    return candidates[0]


def _check_header(header: Sequence[str], options: ReadOptions, path: Path) -> None:
    missing = [name for name in _wanted(options) if name not in header]
    if missing:
        nameless = any(len(name) > _LONGEST_NAME for name in header)
        raise InputError(
            f"has no column {missing[0]!r} (columns: {', '.join(map(_short, header[:8]))})",
            path=path,
            line=1,
            remedy="the first line must name the columns, e.g. text,labels"
            if nameless
            else "name the columns with text_fields and labels_field, or the delimiter",
        )
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise InputError(f"has two columns called {twice[0]!r}", path=path, line=1, remedy="rename one of them")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..."


def _wrong_length(row: Sequence[str], header: Sequence[str], delimiter: str, path: Path, line: int) -> NoReturn:
    name = {"\t": "tab"}.get(delimiter, repr(delimiter))
    raise InputError(
        f"has {len(row)} cells, the header {len(header)}",
        path=path,
        line=line,
        remedy=f"quote cells that hold a {name}" if len(row) > len(header) else "add the missing cells",
    )


def _joined(labels: Sequence[str], separator: str) -> str:
    """One cell for all labels, which must come apart again as they were."""
    cell = separator.join(labels)
    if split_labels(cell, separator) != tuple(labels):
        wrong = next((name for name in labels if split_labels(name, separator) != (name,)), cell)
        raise ValueError(f"has the label {wrong!r}, which cannot stand in a cell with the separator {separator!r}")
    return cell


def _check_cells(record: dict[str, str]) -> None:
    for name, cell in record.items():
        if "\0" in cell:
            raise ValueError(f"has a NUL character in {name!r}")
    if record.get("id") == "":
        raise ValueError("has an empty id")
