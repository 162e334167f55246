"""Documents that come as feature vectors: LIBSVM multi-label, and the XMC repository's bags of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from manylabel.core.corpus import UnknownLabels
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class FeatureCorpus:
    """n documents as feature vectors, with their labels.

    Attributes:
        features: float32 CSR ``[n, m]``, sorted columns.
        positives: bool CSR ``[n, L]``, sorted columns: the labels of each document.
        labels: the label space.
        dropped_labels: how many (document, label) pairs were dropped because the label was unknown.
        source: the file or folder it was read from.
        first_line: the line of the first document in that file, for messages.
    """

    features: csr_matrix
    positives: csr_matrix
    labels: LabelSpace
    dropped_labels: int = 0
    source: str | None = None
    first_line: int = 1

    def __post_init__(self) -> None:
        n, width = self.positives.shape
        if self.features.shape[0] != n or width != len(self.labels):
            raise ValueError(
                f"features {self.features.shape}, label matrix {self.positives.shape}, {len(self.labels)} labels"
            )

    def __len__(self) -> int:
        return self.features.shape[0]

    @property
    def n_features(self) -> int:
        """m, the number of feature columns."""
        return self.features.shape[1]

    @property
    def n_labels(self) -> int:
        """L, the size of the label space."""
        return len(self.labels)

    @property
    def without_features(self) -> int:
        """Number of documents whose vector is zero."""
        return int((np.diff(self.features.indptr) == 0).sum())

    @property
    def without_labels(self) -> int:
        """Number of documents that have no label."""
        return int((np.diff(self.positives.indptr) == 0).sum())

    def select(self, rows: np.ndarray | Sequence[int]) -> FeatureCorpus:
        """Some of the documents, in the given order, over the same labels and features."""
        chosen = np.asarray(rows)
        return FeatureCorpus(self.features[chosen], self.positives[chosen], self.labels, source=self.source)

    def numbered(self) -> FeatureCorpus:
        """The same with labels called ``0`` to ``L - 1`` by position, as files of feature vectors want them."""
        names = [str(position) for position in range(len(self.labels))]
        return replace(self, labels=LabelSpace(names))


def read_features(
    path: str | Path,
    format: str | None = None,  # noqa: A002
    *,
    labels: LabelSpace | None = None,
    unknown_labels: UnknownLabels | None = None,
    n_features: int | None = None,
    part: str = "train",
    zero_based: bool = False,
    require_labels: bool = True,
) -> FeatureCorpus:
    """Read a file of feature vectors.

    Args:
        path: the file, or a folder of the Extreme Classification Repository.
        format: ``svmlight`` or ``xmc_repository``; by default found out from the content.
        labels: the label space to use, for a test part that of the training; without one, the labels of the file.
        unknown_labels: as for :meth:`manylabel.core.corpus.Corpus.from_documents`.
        n_features: m; by default what the header says, or the largest index. A test part takes that of the training.
        part: which part of a folder, ``train`` or ``test``.
        zero_based: LIBSVM files count features from 1; true for those that count from 0.
        require_labels: refuse data without any label.

    Raises:
        InputError: bad input, with file, line and remedy.
    """
    from manylabel.data.formats import FORMATS
    from manylabel.data.formats.sniffing import find_format

    path = Path(path)
    read = FORMATS.load(format or find_format(path))().read_features(path, part, zero_based=zero_based)
    if require_labels and read.positives.nnz == 0:
        raise InputError("no document has a label", path=path, remedy="labels stand before the features: 1,3 5:0.2")
    if n_features is not None:
        read = _with_width(read, n_features, path)
    return read if labels is None else _over(read, labels, unknown_labels, path)


def holds_features(path: str | Path, format: str | None = None) -> bool:  # noqa: A002
    """Whether a file or folder holds feature vectors, so that it is for :func:`read_features`.

    Raises:
        InputError: missing, empty, or in no known format.
    """
    from manylabel.data.formats import FORMATS
    from manylabel.data.formats.sniffing import find_format

    path = Path(path)
    return FORMATS.load(format or find_format(path))().holds_features(path)


def write_features(
    corpus: FeatureCorpus,
    path: str | Path,
    format: str | None = None,  # noqa: A002
    *,
    zero_based: bool = False,
) -> None:
    """Write feature vectors; the file appears complete, or not at all.

    Args:
        corpus: its labels must be called by whole numbers (see :meth:`FeatureCorpus.numbered`).
        path: the file.
        format: ``svmlight`` (default for ``.svm``, ``.svmlight`` and ``.libsvm``) or ``xmc_repository`` (default else).
        zero_based: count the features of a LIBSVM file from 0.

    Raises:
        InputError: labels that the format cannot hold, or a place that cannot be written.
    """
    from manylabel.data.formats import FORMATS
    from manylabel.data.formats.streams import extension_of
    from manylabel.data.formats.svmlight import SvmLight

    path = Path(path)
    name = format or ("svmlight" if extension_of(path) in SvmLight.extensions else "xmc_repository")
    FORMATS.load(name)().write_features(corpus, path, zero_based=zero_based)


def _with_width(corpus: FeatureCorpus, n_features: int, path: Path) -> FeatureCorpus:
    from scipy.sparse import csr_matrix

    x = corpus.features
    beyond = np.flatnonzero(x.indices >= n_features)
    if len(beyond):
        raise InputError(
            f"has a feature beyond the {n_features} of the training",
            path=path,
            line=corpus.first_line + _row_of(x, int(beyond[0])),
            remedy="make both parts with the same features",
        )
    return replace(corpus, features=csr_matrix((x.data, x.indices, x.indptr), shape=(len(corpus), n_features)))


def _row_of(matrix: csr_matrix, position: int) -> int:
    return int(np.searchsorted(matrix.indptr, position, side="right")) - 1


def _over(corpus: FeatureCorpus, space: LabelSpace, unknown: UnknownLabels | None, path: Path) -> FeatureCorpus:
    """The same documents over another label space; only labels that a document has count as unknown."""
    from scipy.sparse import csr_matrix

    unknown = unknown or ("error" if space.closed else "keep")
    used = np.unique(corpus.positives.indices)
    names = corpus.labels.names_of(used.tolist())
    outside = [name for name in names if name not in space]
    if outside and unknown == "error":
        first = int(np.flatnonzero(corpus.positives.indices == corpus.labels.index(outside[0]))[0])
        raise InputError(
            f"label {outside[0]!r} is not in the label file",
            path=path,
            line=corpus.first_line + _row_of(corpus.positives, first),
            remedy="add it there, or pass --unknown-labels drop",
        )
    target = space.extended(outside) if unknown == "keep" else space
    mapping = np.full(corpus.n_labels, -1, dtype=np.int32)
    mapping[used] = [target.get(name) for name in names]
    columns = mapping[corpus.positives.indices]
    kept = columns >= 0
    rows = np.repeat(np.arange(len(corpus)), np.diff(corpus.positives.indptr))[kept]
    positives = csr_matrix(
        (np.ones(int(kept.sum()), dtype=bool), (rows, columns[kept])), shape=(len(corpus), len(target))
    )
    positives.sort_indices()
    return replace(corpus, positives=positives, labels=target, dropped_labels=int((~kept).sum()))
