"""LIBSVM multi-label: ``label,label index:value ...``, features counted from 1. Feature vectors, not texts.

Labels are whole numbers and keep these as their names, in numeric order. The file says neither how many features nor
which other labels there are: a test part takes both from the training.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.base import Format, ReadOptions, WriteOptions
from manylabel.data.formats.streams import extension_of, open_output

if TYPE_CHECKING:
    from manylabel.data.feature_files import FeatureCorpus

_ROW = re.compile(rb"(?:[+-]?\d+(?:,[+-]?\d+)*)?(?:[ \t]+\d+:[^ \t:]+)+[ \t]*\r?")


class SvmLight(Format):
    """Reads and writes LIBSVM's multi-label files as feature vectors."""

    extensions = ("svm", "svmlight", "libsvm")

    def sniff(self, path: Path, head: bytes) -> bool:
        """A ``.txt`` file that begins with a row of labels and features."""
        return extension_of(path) in ("txt", "") and bool(_ROW.fullmatch(head.partition(b"\n")[0]))

    def read(self, path: Path, options: ReadOptions) -> Iterator[Document]:
        """Refused: there are no texts here."""
        raise InputError(
            "holds feature vectors, not texts",
            path=path,
            remedy="train on it as it is: the features take the texts' place",
        )

    def write(
        self, documents: Iterable[Document], path: Path, options: WriteOptions, labels: LabelSpace | None = None
    ) -> None:
        """Refused: a text is no feature vector."""
        raise InputError("this format holds feature vectors, not texts", path=path, remedy="choose another format")

    def holds_features(self, path: Path) -> bool:
        """Always."""
        return True

    def read_features(self, path: Path, part: str, *, zero_based: bool) -> FeatureCorpus:
        """All rows; labels in numeric order."""
        from scipy.sparse import csr_matrix

        from manylabel.data.feature_files import FeatureCorpus
        from manylabel.data.formats.sparse_text import read_rows

        rows = read_rows(path, header=False, labels=True, first_index=0 if zero_based else 1)
        width = int(rows.indices.max()) + 1 if len(rows.indices) else 0
        numbers, columns = np.unique(rows.label_numbers, return_inverse=True)
        space = LabelSpace([str(number) for number in numbers.tolist()])
        positives = csr_matrix(
            (np.ones(len(columns), bool), columns.astype(np.int32), rows.label_indptr), shape=(len(rows), len(space))
        )
        positives.sum_duplicates()
        return FeatureCorpus(rows.matrix(width, path), positives, space, source=str(path))

    def write_features(self, corpus: FeatureCorpus, path: Path, *, zero_based: bool) -> None:
        """One row for each document, labels first."""
        from manylabel.data.formats.sparse_text import pairs_text

        for name in corpus.labels:
            if not re.fullmatch(r"0|-?[1-9][0-9]{0,17}", name):
                raise InputError(
                    f"cannot be written: the label {name!r} is not a whole number",
                    path=path,
                    remedy="number the labels",
                )
        x, y = corpus.features, corpus.positives
        first = 0 if zero_based else 1
        with open_output(path) as output:
            for row in range(len(corpus)):
                own = corpus.labels.names_of(y.indices[y.indptr[row] : y.indptr[row + 1]])
                pairs = slice(x.indptr[row], x.indptr[row + 1])
                output.write(f"{','.join(own)} {pairs_text(x.indices[pairs], x.data[pairs], first)}".rstrip(" "))
