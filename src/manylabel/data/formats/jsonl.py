"""JSON Lines: one object a line with ``text``, ``labels``, optional ``id`` or ``uid``, and further fields.

Labels that are whole numbers count as their decimal digits: ``[7]`` is the label ``"7"``. An id may be a whole number
too. JSON's null stands for no labels, no id, or an absent piece of a text made of several fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from manylabel.core.corpus import Document
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions, refuse
from manylabel.data.formats.records import RecordReader, parse_object, record_of
from manylabel.data.formats.streams import open_output, read_lines


class JsonLines(Format):
    """Reads and writes JSON Lines."""

    extensions = ("jsonl", "ndjson")
    read_options = frozenset(
        {"text_fields", "labels_field", "require_labels", "id_field", "keep_fields", "label_separator"}
    )
    write_options = frozenset({"ids"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """An object begins the file; the repository's raw text, which is JSON Lines as well, is not meant."""
        first = head.partition(b"\n")[0]
        return head.lstrip()[:1] in (b"{", b"[") and b'"target_ind"' not in first

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents by line; blank lines are skipped."""
        reader = RecordReader(path, options)
        for number, line in read_lines(path):
            if not line.isspace():
                yield reader.document(parse_object(line, path, number), number)
        reader.finish()

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """One object a line, characters beyond ASCII as they are."""
        with open_output(path) as output:
            for number, document in enumerate(documents, 1):
                try:
                    record = record_of(document, ids=options.ids)
                except ValueError as error:
                    refuse(str(error), path, number, "rename it")
                output.write(json.dumps(record, ensure_ascii=False))
