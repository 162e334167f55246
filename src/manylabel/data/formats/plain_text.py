"""Plain text: one document a line, no labels. For prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from manylabel.core.corpus import Document
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions, refuse
from manylabel.data.formats.streams import open_output, read_texts_of_lines

BYTE_ORDER_MARK = "\ufeff"


class PlainText(Format):
    """Reads and writes one text a line; an empty line is a document with an empty text."""

    write_options = frozenset({"ids"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """Never: any file of lines would do, so it is chosen by name, or where only texts are asked for."""
        return False

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents by line."""
        for number, line in read_texts_of_lines(path):
            yield Document(line, line=number)

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """One text a line."""
        with open_output(path) as output:
            for number, document in enumerate(documents, 1):
                if document.labels:
                    refuse("has labels, for which plain text has no place", path, number, "choose another format")
                check_bare(document, path, number, ids=options.ids)
                check_line(document.text, path, number)
                output.write(document.text)


def check_line(text: str, path: Path, number: int) -> None:
    """Make sure that a text can stand on a line of its own and read back the same.

    Raises:
        InputError: a line end in it, or a byte order mark where the file begins.
    """
    if "\n" in text or "\r" in text:
        refuse("has a line end in its text", path, number, "replace it, or write JSON Lines")
    if number == 1 and text.startswith(BYTE_ORDER_MARK):
        refuse("begins with a byte order mark", path, number, "remove it, or write JSON Lines")


def check_bare(document: Document, path: Path, number: int, *, ids: bool) -> None:
    """Make sure that a document has neither a name nor further fields, for formats without a place for these.

    Raises:
        InputError: it has.
    """
    if ids and document.id is not None:
        refuse("has an id, for which this format has no place", path, number, "leave ids out with ids=False")
    if document.fields:
        refuse("has further fields, for which this format has no place", path, number, "do not keep them")
