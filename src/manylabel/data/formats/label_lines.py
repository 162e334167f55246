"""Label files with one label a line, as LibMultiLabel has them: the line is the label's name."""

from __future__ import annotations

from pathlib import Path

from manylabel.core.config import Section
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import LabelFormat
from manylabel.data.formats.streams import read_texts_of_lines


class LabelLines(LabelFormat):
    """Reads label files of names alone."""

    def sniff(self, path: Path, head: bytes) -> bool:
        """Never: any file of lines would do, so it is read only where it is named."""
        return False

    def read(self, path: Path, options: Section) -> LabelSpace:
        """All labels in the order of the file, without the blanks around them; empty lines are skipped."""
        lines: dict[str, int] = {}
        for number, text in read_texts_of_lines(path):
            name = text.strip()
            if name and lines.setdefault(name, number) != number:
                raise InputError(
                    f"label {name!r} occurs twice, first on line {lines[name]}",
                    path=path,
                    line=number,
                    remedy="remove one of the lines",
                )
        if not lines:
            raise InputError("holds no labels", path=path, remedy="expected one a line")
        return LabelSpace(list(lines), closed=True)
