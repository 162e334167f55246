"""Lines of ``[label,label] index:value index:value ...``, read at the speed of the disk, written to read back.

LIBSVM files, the Extreme Classification Repository's files and its label matrices all consist of such lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.core.errors import InputError
from manylabel.data.formats.streams import open_bytes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BLOCK_BYTES = 1 << 24
_LARGEST_INDEX = 2**31 - 2
_POWERS = 10.0 ** np.arange(-308, 309)

_NEWLINE, _RETURN, _SPACE, _TAB, _COMMA, _COLON, _PLUS, _MINUS, _DOT = b"\n\r \t,:+-."
_ZERO, _NINE = b"09"
_EXPONENTS = (ord("e"), ord("E"))

_BAD_LABEL, _BAD_FEATURE, _LOW_INDEX, _HIGH_INDEX = 1, 2, 3, 4
_PROBLEMS = {
    _BAD_LABEL: ("has a label that is not a whole number", "write 1,3,5 and then a space"),
    _BAD_FEATURE: ("has a feature that is not index:value", "write whole numbers, a colon and finite values"),
    _LOW_INDEX: ("has an index below the first one", "indices begin with {first} here; set zero_based to change that"),
    _HIGH_INDEX: ("has an index of 2^31 or more", "renumber the features"),
}


@dataclass(frozen=True)
class SparseRows:
    """Rows of a sparse text file.

    Attributes:
        label_indptr: int64 ``[n + 1]``, where each row's labels begin in `label_numbers`.
        label_numbers: int64, the labels as they stand in the file.
        indptr: int64 ``[n + 1]``, where each row's pairs begin.
        indices: int32, zero-based.
        values: float32, finite.
        first_line: the line of the first row (1, or 2 after a header); row i stands on line ``first_line + i``.
    """

    label_indptr: np.ndarray
    label_numbers: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    first_line: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def matrix(self, n_columns: int, path: Path) -> csr_matrix:
        """float32 CSR ``[n, n_columns]`` with sorted columns and without stored zeros.

        Raises:
            InputError: an index beyond `n_columns`, or one that stands twice in a row.
        """
        from scipy.sparse import csr_matrix

        beyond = np.flatnonzero(self.indices >= n_columns)
        if len(beyond):
            raise self.problem(int(beyond[0]), f"has an index beyond the {n_columns} columns", path)
        matrix = csr_matrix((self.values, self.indices, self.indptr), shape=(len(self), n_columns))
        matrix.sort_indices()
        same = matrix.indices[1:] == matrix.indices[:-1]
        same[self.indptr[1:-1][(self.indptr[1:-1] > 0) & (self.indptr[1:-1] < len(matrix.indices))] - 1] = False
        if same.any():
            raise self.problem(int(np.flatnonzero(same)[0]), "has the same index twice", path)
        matrix.eliminate_zeros()
        return matrix

    def problem(self, position: int, message: str, path: Path) -> InputError:
        """An error about the pair at `position` of `indices`, with its line."""
        row = int(np.searchsorted(self.indptr, position, side="right")) - 1
        return InputError(message, path=path, line=self.first_line + row, remedy="correct the line")


def read_header(path: Path, words: int) -> list[int]:
    """The whole numbers of a file's first line.

    Raises:
        InputError: not `words` whole numbers there.
    """
    with open_bytes(path) as stream:
        cells = stream.readline().split()
    if len(cells) != words or not all(cell.isdigit() for cell in cells):
        names = "rows, features, labels" if words == 3 else "rows, columns"
        raise InputError(
            f"does not begin with a header of {words} whole numbers", path=path, line=1, remedy=f"write {names}"
        )
    return [int(cell) for cell in cells]


def read_rows(path: Path, *, header: bool, labels: bool, first_index: int) -> SparseRows:
    """All rows of a file; an empty line is an empty row.

    Args:
        path: the file, perhaps compressed.
        header: skip the first line.
        labels: rows begin with labels; a row without any begins with a space or with its first pair.
        first_index: the smallest index, which becomes 0.

    Raises:
        InputError: a malformed row, with its line.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    rows = 0
    first_line = 2 if header else 1
    with open_bytes(path) as stream:
        if header:
            stream.readline()
        for block in _blocks(stream):
            buffer = np.frombuffer(block, np.uint8)
            found = _parse(buffer, _capacity(buffer), labels, first_index, _POWERS)
            *arrays, row, problem = found
            if problem:
                message, remedy = _PROBLEMS[problem]
                raise InputError(
                    message, path=path, line=first_line + rows + row, remedy=remedy.format(first=first_index)
                )
            parts.append(tuple(arrays))
            rows += row
    if not parts:
        raise InputError("holds no documents", path=path, remedy="expected one a line")
    label_counts, counts, label_numbers, indices, values = (
        np.concatenate(arrays) for arrays in zip(*parts, strict=True)
    )
    return SparseRows(_offsets(label_counts), label_numbers, _offsets(counts), indices, values, first_line)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of whole lines; the last line gets an end if it has none."""
    rest = b""
    while piece := stream.read(_BLOCK_BYTES):
        whole, newline, tail = piece.rpartition(b"\n")
        if newline:
            yield rest + whole + newline
            rest = tail
        else:
            rest += piece
    if rest:
        yield rest + b"\n"


def _capacity(buffer: np.ndarray) -> np.ndarray:
    """Upper bounds for a block: rows, labels, pairs."""
    rows = int((buffer == _NEWLINE).sum())
    return np.array([rows, rows + int((buffer == _COMMA).sum()), int((buffer == _COLON).sum())])


def _offsets(counts: np.ndarray) -> np.ndarray:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


@compiled
def _integer(buffer: np.ndarray, at: int) -> tuple[int, int]:
    """A whole number and the position after it; the position stays where there is none."""
    begin, negative, value = at, False, 0
    if buffer[at] == _MINUS or buffer[at] == _PLUS:
        negative = buffer[at] == _MINUS
        at += 1
    digits = at
    while _ZERO <= buffer[at] <= _NINE and at - digits < 18:
        value = value * 10 + (buffer[at] - _ZERO)
        at += 1
    if at == digits or _ZERO <= buffer[at] <= _NINE:
        return 0, begin
    return (-value if negative else value), at


@compiled
def _decimal(buffer: np.ndarray, at: int, powers: np.ndarray) -> tuple[float, int]:
    """A decimal number and the position after it; the position stays where there is none."""
    begin, negative = at, False
    if buffer[at] == _MINUS or buffer[at] == _PLUS:
        negative = buffer[at] == _MINUS
        at += 1
    mantissa, exponent, digits, seen = 0, 0, 0, False
    point = False
    while _ZERO <= buffer[at] <= _NINE or (buffer[at] == _DOT and not point):
        if buffer[at] == _DOT:
            point = True
        else:
            seen = True
            if digits < 18:  # more digits than float64 has change nothing
                mantissa = mantissa * 10 + (buffer[at] - _ZERO)
                digits += 1 if mantissa else 0
                exponent -= 1 if point else 0
            else:
                exponent += 0 if point else 1
        at += 1
    if not seen:
        return 0.0, begin
    if buffer[at] == _EXPONENTS[0] or buffer[at] == _EXPONENTS[1]:
        more, after = _integer(buffer, at + 1)
        if after == at + 1:
            return 0.0, begin
        exponent += min(max(more, -1000), 1000)
        at = after
    value = float(mantissa)
    if mantissa != 0:
        if exponent < -308:  # beyond the table, and beyond float32 by far
            value = 0.0
        else:
            value *= powers[min(exponent, 308) + 308]
    return (-value if negative else value), at


@compiled
def _row_labels(buffer: np.ndarray, at: int, numbers: np.ndarray, n_numbers: int) -> tuple[int, int]:
    """Labels at the beginning of a row; ``-1`` for the position says that something else stands there."""
    begin = at
    end = at
    while buffer[end] not in (_SPACE, _TAB, _NEWLINE, _RETURN):
        if buffer[end] == _COLON:
            return begin, n_numbers
        end += 1
    while at < end:
        value, after = _integer(buffer, at)
        if after == at or not (after == end or buffer[after] == _COMMA) or after == end - 1:
            return -1, n_numbers
        numbers[n_numbers] = value
        n_numbers += 1
        at = after + 1
    return end, n_numbers


@compiled
def _parse(
    buffer: np.ndarray, capacity: np.ndarray, with_labels: bool, first_index: int, powers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, int]:
    """Rows of a block of whole lines.

    Returns: label counts and pair counts per row, label numbers, indices, values; the number of rows, or the row that
    is wrong; what is wrong with it (0: nothing).
    """
    label_counts, counts = np.zeros(capacity[0], np.int64), np.zeros(capacity[0], np.int64)
    numbers = np.empty(capacity[1], np.int64)
    indices, values = np.empty(capacity[2], np.int32), np.empty(capacity[2], np.float32)
    row, at, n_numbers, n_pairs, problem = 0, 0, 0, 0, 0
    while at < len(buffer) and problem == 0:
        if with_labels:
            before = n_numbers
            at, n_numbers = _row_labels(buffer, at, numbers, n_numbers)
            if at < 0:
                problem = _BAD_LABEL
                break
            label_counts[row] = n_numbers - before
        while buffer[at] != _NEWLINE:
            if buffer[at] == _SPACE or buffer[at] == _TAB or buffer[at] == _RETURN:
                at += 1
                continue
            index, after = _integer(buffer, at)
            if after == at or buffer[after] != _COLON:
                problem = _BAD_FEATURE
                break
            value, end = _decimal(buffer, after + 1, powers)
            separated = (
                buffer[end] == _SPACE or buffer[end] == _TAB or buffer[end] == _RETURN or buffer[end] == _NEWLINE
            )
            if end == after + 1 or not separated or not np.isfinite(np.float32(value)):
                problem = _BAD_FEATURE
            elif index < first_index:
                problem = _LOW_INDEX
            elif index - first_index > _LARGEST_INDEX:
                problem = _HIGH_INDEX
            if problem:
                break
            indices[n_pairs], values[n_pairs] = index - first_index, value
            n_pairs += 1
            counts[row] += 1
            at = end
        if problem == 0:
            row += 1
            at += 1
    return (label_counts[:row], counts[:row], numbers[:n_numbers], indices[:n_pairs], values[:n_pairs], row, problem)


def pairs_text(indices: np.ndarray, values: np.ndarray, first_index: int) -> str:
    """The pairs of one row; nine digits bring every float32 back exactly."""
    columns: list[int] = (indices + first_index).tolist()
    return " ".join(f"{column}:{value:.9g}" for column, value in zip(columns, values.tolist(), strict=True))
