"""Labels by number, as the Extreme Classification Repository and PECOS keep them: the line is the number, from 0.

``lbl.json`` has an object a line with ``uid`` and ``title``: the label is called by its uid, the title is its text.
``Y.txt``, ``Yf.txt`` and ``output-items.txt`` have one text a line: the label is called by it. Where these names are
missing or not distinct, labels are called by their number, as they are where there is no such file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

from manylabel.core.config import Section
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import LabelFormat
from manylabel.data.formats.records import parse_object
from manylabel.data.formats.streams import compression_of, read_lines, read_texts_of_lines

_JSON_NAMES = ("lbl.json", "lbl.raw.json")
_LINE_NAMES = ("output-items.txt", "Y.txt", "Yf.txt")
_COMPRESSIONS = ("", ".gz", ".bz2", ".xz", ".zst")


class NumberedLabels(LabelFormat):
    """Reads label files in which the line is the number."""

    def sniff(self, path: Path, head: bytes) -> bool:
        """Known by its name: any file of lines would do."""
        return _plain_name(path) in (*_JSON_NAMES, *_LINE_NAMES)

    def read(self, path: Path, options: Section) -> LabelSpace:
        """All labels by number."""
        names, texts = _names_and_texts(path)
        if not names:
            raise InputError("holds no labels", path=path, remedy="expected one a line")
        return LabelSpace(names, texts=texts, closed=True)


def find_label_file(folder: Path) -> Path | None:
    """The label file beside raw text: in the folder, in its ``raw`` folder, or one above."""
    for place in (folder, folder / "raw", folder.parent):
        for name in (*_JSON_NAMES, *_LINE_NAMES):
            for ending in _COMPRESSIONS:
                if (place / f"{name}{ending}").is_file():
                    return place / f"{name}{ending}"
    return None


def label_names_beside(folder: Path) -> list[str] | None:
    """Names of the labels by number from the label file of :func:`find_label_file`, None where there is none."""
    file = find_label_file(folder)
    return _names_and_texts(file)[0] if file is not None else None


class LabelNumbers:
    """Gives numbers to label names: those known first keep theirs, others follow as met."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {name: number for number, name in enumerate(dict.fromkeys(known))}

    def __len__(self) -> int:
        return len(self._numbers)

    def of(self, labels: Iterable[str]) -> array[int]:
        """Numbers of labels, each once, in the order given."""
        numbers = self._numbers
        return array("i", dict.fromkeys(numbers.setdefault(name, len(numbers)) for name in labels))

    def names(self) -> list[str]:
        """All names by number."""
        return list(self._numbers)


def _plain_name(path: Path) -> str:
    return path.stem if compression_of(path) else path.name


def _names_and_texts(path: Path) -> tuple[list[str], list[str | None]]:
    names, texts = _from_json(path) if _plain_name(path) in _JSON_NAMES else _from_lines(path)
    return (names if _distinct(names) else [str(number) for number in range(len(names))]), texts


def _from_json(path: Path) -> tuple[list[str], list[str | None]]:
    uids: list[str] = []
    texts: list[str | None] = []
    for number, line in read_lines(path):
        record = parse_object(line, path, number)
        uid, title = record.get("uid"), record.get("title")
        if not isinstance(title, (str, type(None))) or not isinstance(uid, (str, int, type(None))):
            raise InputError("uid and title must be strings", path=path, line=number, remedy="quote them")
        texts.append(title or None)
        uids.append("" if uid is None else str(uid))
    return uids, texts


def _from_lines(path: Path) -> tuple[list[str], list[str | None]]:
    lines = [line for _, line in read_texts_of_lines(path)]
    return lines, [line or None for line in lines]


def _distinct(names: Sequence[str]) -> bool:
    return all(names) and len(set(names)) == len(names)
