"""LibMultiLabel text: ``[id<TAB>]labels<TAB>text``, the labels separated by spaces.

No quoting: a quote is a character like others, and a label cannot hold a space
(https://www.csie.ntu.edu.tw/~cjlin/libmultilabel/cli/ov_data_format.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions, refuse
from manylabel.data.formats.plain_text import BYTE_ORDER_MARK
from manylabel.data.formats.streams import HEAD_BYTES, extension_of, open_output, read_texts_of_lines

_BLANKS = b" \r"


class LibMultiLabel(Format):
    """Reads and writes LibMultiLabel's text format."""

    read_options = frozenset({"labels_field"})
    write_options = frozenset({"ids"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """A ``.txt`` file of which every line has one tab, or every line two."""
        if extension_of(path) not in ("txt", ""):
            return False
        lines = head.split(b"\n") if len(head) < HEAD_BYTES else head.split(b"\n")[:-1]
        return {line.count(b"\t") for line in lines if line.strip(_BLANKS)} in ({1}, {2})

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents by line; the first line decides whether there are ids. Lines of blanks are skipped."""
        columns = 0
        for number, line in read_texts_of_lines(path):
            if not line.strip(" "):
                continue
            cells = line.split("\t")
            if len(cells) != columns:
                if columns or len(cells) not in (2, 3):
                    raise _wrong_columns(len(cells), columns, path, number)
                columns = len(cells)
            labels = tuple(cells[-2].split()) if options.labels_field is not None else ()
            yield Document(cells[-1], labels, cells[0] if columns == 3 else None, line=number)

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """One line for each document."""
        with_ids: bool | None = None
        with open_output(path) as output:
            for number, document in enumerate(documents, 1):
                name = document.id if options.ids else None
                with_ids = (name is not None) if with_ids is None else with_ids
                if (name is not None) != with_ids:
                    refuse(
                        "differs from the first in having an id", path, number, "give ids to all documents or to none"
                    )
                if document.fields:
                    refuse("has further fields, for which this format has no place", path, number, "do not keep them")
                cells = ([name] if name is not None else []) + [" ".join(document.labels), document.text]
                _check(cells, document.labels, path, number)
                output.write("\t".join(cells))


def _wrong_columns(found: int, expected: int, path: Path, line: int) -> InputError:
    wanted = f"{expected - 1} tab{'s' if expected == 3 else ''} as on the first line" if expected else "one tab or two"
    return InputError(
        f"has {found - 1} tabs, expected {wanted}", path=path, line=line, remedy="write [id, tab,] labels, tab, text"
    )


def _check(cells: list[str], labels: Iterable[str], path: Path, number: int) -> None:
    for cell in cells:
        if "\t" in cell or "\n" in cell or "\r" in cell:
            refuse("has a tab or a line end in it", path, number, "replace it, or write JSON Lines")
    for label in labels:
        if label.split() != [label]:
            refuse(f"has the label {label!r} with a blank in it", path, number, "rename it, or write JSON Lines")
    if number == 1 and cells[0].startswith(BYTE_ORDER_MARK):
        refuse("begins with a byte order mark", path, number, "remove it, or write JSON Lines")
