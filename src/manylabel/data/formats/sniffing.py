"""Which format a file or folder is in: by the ending of its name, else by its content."""

from __future__ import annotations

from pathlib import Path

from manylabel.core.errors import InputError
from manylabel.core.table import Table
from manylabel.data.formats import FORMATS, LABEL_FORMATS
from manylabel.data.formats.streams import extension_of, head_of


def find_format(path: Path) -> str:
    """Name of the format of a file or folder of documents.

    Raises:
        InputError: missing, empty, or in no known format.
    """
    return _find(path, FORMATS, "--format")


def find_label_format(path: Path) -> str:
    """Name of the format of a label file; raises as :func:`find_format`."""
    return _find(path, LABEL_FORMATS, "its format")


def format_for_writing(path: Path) -> str:
    """The format that a file name asks for, JSON Lines where it asks for none.

    Raises:
        InputError: an ending that belongs to no format.
    """
    ending = extension_of(path)
    by_name = _by_name(ending, FORMATS)
    if by_name is None and ending not in ("", "json"):
        raise InputError(
            f"no format goes by the ending .{ending}", path=path, remedy=f"name one of: {', '.join(FORMATS)}"
        )
    return by_name or "jsonl"


def _by_name(ending: str, table: Table) -> str | None:
    return next((name for name in table if ending and ending in table.load(name).extensions), None)


def _find(path: Path, table: Table, option: str) -> str:
    folder = path.is_dir()
    head = b"" if folder else head_of(path)
    named = None if folder else _by_name(extension_of(path), table)
    if named is not None:
        return named
    for name in table:
        if table.load(name)().sniff(path, head):
            return name
    if folder:
        raise InputError("is a directory, and not one of a known format", path=path, remedy="name a file in it")
    raise InputError("its format is not recognised", path=path, remedy=f"name it with {option}: {', '.join(table)}")
