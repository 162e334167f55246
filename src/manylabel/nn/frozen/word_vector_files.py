"""Files of pretrained word vectors: lines of a word and its numbers, or a matrix beside a list of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from manylabel.core.errors import InputError
from manylabel.data.formats.streams import read_texts_of_lines

Found = dict[int, np.ndarray]
"""Vectors float32 ``[d]`` by the number of their word."""


def read_vectors(path: str | Path, vocabulary: str | Path | None, wanted: Mapping[str, int]) -> Found:
    """The vectors of some words.

    Words are compared in lower case; where several are the same then, the first one counts (such files begin with the
    most frequent words).

    Args:
        path: text lines, compressed or not, or with `vocabulary` a .npy matrix.
        vocabulary: the words of the matrix, one a line.
        wanted: words in lower case with their numbers.

    Raises:
        InputError: a file is missing or not such a file (with its line).
    """
    lines = _vectors_of_text(path, wanted) if vocabulary is None else _vectors_of_matrix(path, vocabulary, wanted)
    found: Found = {}
    for line, number, vector in lines:
        if number not in found:
            if not np.isfinite(vector).all():
                raise InputError("a number is NaN or infinite", path=path, line=line)
            found[number] = vector
    return found


def _vectors_of_text(path: str | Path, wanted: Mapping[str, int]) -> Iterator[tuple[int, int, np.ndarray]]:
    width = 0
    for number, text in read_texts_of_lines(path):
        line = text.rstrip(" ")
        if not line:
            continue
        spaces = line.count(" ")
        if number == 1 and spaces == 1 and line.replace(" ", "").isdecimal():
            width = int(line.partition(" ")[2])  # header: words, numbers of each
            continue
        width = width or spaces
        if width < 1 or spaces < width:
            expected = f"a word and {width} numbers" if width else "a word and its numbers, with spaces between them"
            raise InputError(f"expected {expected}, found {spaces} numbers", path=path, line=number)
        word = line[: line.index(" ")] if spaces == width else line.rsplit(" ", width)[0]
        # A few words of well-known files hold spaces; where a number follows, the line is too long.
        if spaces > width and _is_number(word.rpartition(" ")[2]):
            raise InputError(f"expected a word and {width} numbers, found {spaces}", path=path, line=number)
        known = wanted.get(word.lower())
        if known is not None:
            try:
                vector = np.array(line.rsplit(" ", width)[1:], dtype=np.float32)
            except ValueError as error:
                raise InputError(f"expected {width} numbers: {error}", path=path, line=number) from None
            yield number, known, vector
    if width == 0:
        raise InputError("holds no word vectors", path=path)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _vectors_of_matrix(
    path: str | Path, vocabulary: str | Path, wanted: Mapping[str, int]
) -> Iterator[tuple[int, int, np.ndarray]]:
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise InputError("no such file", path=path, remedy="check the path") from None
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"is not a .npy matrix that can be read: {error}", path=path) from None
    if matrix.ndim != 2 or matrix.dtype.kind != "f" or 0 in matrix.shape:
        raise InputError(f"expected a matrix of floats, found {matrix.dtype} {list(matrix.shape)}", path=path)
    line = 0
    for line, word in read_texts_of_lines(vocabulary):
        if line > len(matrix):
            raise InputError(f"more words than the {len(matrix)} rows of {path}", path=vocabulary, line=line)
        number = wanted.get(word.lower())
        if number is not None:
            yield line, number, np.asarray(matrix[line - 1], np.float32)
    if line < len(matrix):
        raise InputError(f"{line} words for the {len(matrix)} rows of {path}", path=vocabulary)
