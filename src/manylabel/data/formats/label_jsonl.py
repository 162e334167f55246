"""Label files as JSON Lines: ``label``, and where known ``text``, ``alt`` and ``parents``; other fields are left alone.

The ``labels.jsonl`` of a run, whose first line counts the labels, is read as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from manylabel.core.config import Section
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import LabelFormat
from manylabel.data.formats.records import kind_of, parse_object
from manylabel.data.formats.streams import open_output, read_lines


class LabelJsonLines(LabelFormat):
    """Reads and writes label files as JSON Lines."""

    extensions = ("jsonl", "ndjson")

    def sniff(self, path: Path, head: bytes) -> bool:
        """An object with the field ``label`` on the first or second line."""
        return head.lstrip().startswith(b"{") and any(b'"label"' in line for line in head.split(b"\n", 2)[:2])

    def read(self, path: Path, options: Section) -> LabelSpace:
        """All labels in the order of the file."""
        records: list[dict[str, Any]] = []
        lines: dict[str, int] = {}
        for number, line in read_lines(path):
            if line.isspace():
                continue
            value = parse_object(line, path, number)
            if not records and "label" not in value and "labels" in value and "closed" in value:
                continue
            record = _checked(value, path, number)
            first = lines.setdefault(record["label"], number)
            if first != number:
                raise InputError(
                    f"label {record['label']!r} occurs twice, first on line {first}",
                    path=path,
                    line=number,
                    remedy="merge the two lines",
                )
            records.append(record)
        if not records:
            raise InputError("holds no labels", path=path, remedy='expected one {"label": ...} a line')
        return LabelSpace.from_records(records, closed=True)


def write_label_jsonl(labels: LabelSpace, path: Path) -> None:
    """Write a label file; it appears complete, or not at all.

    Raises:
        InputError: the place cannot be written.
    """
    with open_output(path) as output:
        for record in labels.records():
            output.write(json.dumps(record, ensure_ascii=False))


def _checked(value: dict[str, Any], path: Path, line: int) -> dict[str, Any]:
    label = value.get("label")
    if type(label) is int:
        label = str(label)
    if type(label) is not str or not label:
        what = "is empty" if label == "" else f"is {kind_of(label)}, not a string" if "label" in value else "is missing"
        raise InputError(f"the field 'label' {what}", path=path, line=line, remedy='write {"label": "its name"}')
    record: dict[str, Any] = {"label": label}
    text = value.get("text")
    if text is not None:
        if type(text) is not str:
            raise InputError(f"'text' is {kind_of(text)}, not a string", path=path, line=line, remedy="quote it")
        record["text"] = text
    for name in ("alt", "parents"):
        names = value.get(name)
        if names is None:
            continue
        if type(names) is not list or any(type(item) not in (str, int) for item in names):
            raise InputError(
                f"{name!r} is not a list of strings", path=path, line=line, remedy=f'write "{name}": ["a", "b"]'
            )
        record[name] = [str(item) for item in names]
    return record
