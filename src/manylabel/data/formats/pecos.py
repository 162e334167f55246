"""A PECOS folder: ``X.trn.txt`` with one text a line, ``Y.trn.npz`` with the label matrix, label names beside them.

The names stand in ``output-items.txt`` or ``Y.txt``, one a line; without such a file labels are called by their number
(https://github.com/amzn/pecos, examples/xr-transformer-neurips21).
"""

from __future__ import annotations

import zipfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions
from manylabel.data.formats.numbered_labels import LabelNumbers, label_names_beside
from manylabel.data.formats.plain_text import check_bare, check_line
from manylabel.data.formats.streams import open_output, read_texts_of_lines, replaced_file
from manylabel.data.formats.xmc_repository import rows_with_texts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NAMES = "output-items.txt"
_PREFIXES = {"train": "trn", "test": "tst"}


class Pecos(Format):
    """Reads and writes folders of PECOS."""

    read_options = frozenset({"labels_field", "part"})
    write_options = frozenset({"ids", "part"})

    def sniff(self, path: Path, head: bytes) -> bool:
        """A folder with ``X.*.txt`` and ``Y.*.npz``."""
        return path.is_dir() and any(path.glob("X.*.txt")) and any(path.glob("Y.*.npz"))

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Documents by line of the text file."""
        text_file, matrix_file = _files(path, options.part)
        if options.labels_field is None:
            for number, text in read_texts_of_lines(text_file):
                yield Document(text, line=number)
            return
        positives = load_matrix(matrix_file)
        names = label_names_beside(path)
        if names is not None and len(names) < positives.shape[1]:
            raise InputError(
                f"has {positives.shape[1]} columns, the label file {len(names)} lines",
                path=matrix_file,
                remedy="use its own label file",
            )
        yield from rows_with_texts(
            text_file, positives, names or [str(number) for number in range(positives.shape[1])], matrix_file
        )

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """Texts, matrix and names. Labels that the folder names already keep their numbers.

        The matrix holds the label pairs in memory until the end, the texts not.
        """
        text_file, matrix_file = _files(path, options.part)
        numbers = LabelNumbers([*(label_names_beside(path) or ()), *(labels or ())])
        columns, lengths = array("i"), array("q")
        with ExitStack() as stack:
            names_output = stack.enter_context(open_output(path / _NAMES))
            matrix_output = stack.enter_context(replaced_file(matrix_file))
            output = stack.enter_context(open_output(text_file))
            for number, document in enumerate(documents, 1):
                check_bare(document, path, number, ids=options.ids)
                check_line(document.text, path, number)
                output.write(document.text)
                row = numbers.of(document.labels)
                columns.extend(sorted(row))
                lengths.append(len(row))
            for position, name in enumerate(numbers.names(), 1):
                if not name or "\n" in name or "\r" in name or (position == 1 and name.startswith("\ufeff")):
                    raise InputError(
                        f"cannot be written: the label {name!r} cannot stand on a line", path=path, remedy="rename it"
                    )
                names_output.write(name)
            _save_matrix(matrix_output, columns, lengths, len(numbers))


def _files(folder: Path, part: str) -> tuple[Path, Path]:
    name = _PREFIXES.get(part, part)
    return folder / f"X.{name}.txt", folder / f"Y.{name}.npz"


def load_matrix(path: Path) -> csr_matrix:
    """bool CSR of a ``.npz`` file of scipy: true where a value is positive. Never unpickles.

    Raises:
        InputError: missing, or not such a file.
    """
    from scipy.sparse import csr_matrix, load_npz

    try:
        with path.open("rb") as file:
            matrix = csr_matrix(load_npz(file)) > 0
    except FileNotFoundError:
        raise InputError("no such file", path=path, remedy="the label matrix belongs beside the texts") from None
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"is not a sparse matrix of scipy: {error}", path=path, remedy="copy it again") from None
    matrix.sort_indices()
    return matrix


def _save_matrix(path: Path, columns: array[int], lengths: array[int], width: int) -> None:
    from scipy.sparse import csr_matrix, save_npz

    indptr = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(np.frombuffer(lengths, np.int64), out=indptr[1:])
    indices = np.frombuffer(columns, np.int32) if len(columns) else np.zeros(0, np.int32)
    matrix = csr_matrix((np.ones(len(indices), np.float32), indices, indptr), shape=(len(lengths), width))
    with path.open("wb") as file:
        save_npz(file, matrix)
