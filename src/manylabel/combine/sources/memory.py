"""Labels of the nearest training documents: k nearest neighbours, as far as they know a label at all."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from manylabel.combine.nearest_dense import NearestIndex
from manylabel.combine.proposals import Proposals
from manylabel.combine.source import Documents, Known, Query, Source
from manylabel.combine.sources.memory_config import MemoryConfig
from manylabel.combine.sources.memory_views import EncoderView, TfidfView, View
from manylabel.core.arrays import check_offsets, with_prefix, without_prefix
from manylabel.core.compiled import compiled
from manylabel.core.labels import LabelSpace
from manylabel.core.parallel import in_blocks
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages

_FILE = "memory.safetensors"
_DOCUMENTS_PER_JOB = 512


class MemorySource(Source):
    """The labels of the nearest training documents.

    A label's score is the share of votes that it gets when each of the k nearest documents votes for all of its labels
    with ``cosine ** sharpness``; the cosine is that of TF-IDF, or of an encoder's vectors. Beside it stand the cosine
    of the nearest document that has the label, and how many of the k have it.
    """

    columns: ClassVar[tuple[str, ...]] = ("score", "nearest", "documents")

    def __init__(self, config: MemoryConfig) -> None:
        self.config = config
        encoder = config.encoder
        self._view: View = TfidfView(config.max_share) if encoder is None else EncoderView(encoder)
        self._index: NearestIndex | None = None
        self._positives: csr_matrix | None = None

    def prepare(self, documents: Documents, *, stages: Stages, progress: Progress = SILENT) -> Documents:
        """Encode the documents, if an encoder is given; see :meth:`Source.prepare`."""
        return self._view.prepare(documents, stages, progress)

    def fit(
        self,
        documents: Documents,
        positives: csr_matrix,
        labels: LabelSpace,
        *,
        stages: Stages,
        progress: Progress = SILENT,
    ) -> Self:
        """Index the documents; see :meth:`Source.fit`."""
        rows = self._view.of(documents)
        self._index = None if rows is None else self._view.index(rows)
        self._positives = positives
        return self

    def propose(self, query: Query) -> Proposals:
        """Let the nearest documents vote; see :meth:`Source.propose`."""
        asked = self._view.of(query.documents)
        if self._index is None or asked is None:
            return Proposals.none(len(query.documents), len(self.columns))
        assert self._positives is not None
        below = self.config.duplicates if query.training else np.inf
        rows, cosines = self._index.find(asked, self.config.neighbours, below=below)
        n, width = len(rows), self.config.candidates
        positives = self._positives
        labels = np.full((n, width), -1, np.int32)
        values = np.zeros((n, width, len(self.columns)), np.float32)

        def work(block: slice, votes: np.ndarray) -> None:
            _vote(
                rows[block],
                cosines[block],
                np.float32(self.config.sharpness),
                positives.indptr,
                positives.indices,
                votes,
                labels[block],
                values[block],
            )

        in_blocks(n, _DOCUMENTS_PER_JOB, work, lambda: np.zeros((positives.shape[1], 3), np.float32))
        return Proposals.from_lists(labels, values)

    @property
    def idle(self) -> str | None:
        """Why it has nothing to propose; see :attr:`Source.idle`."""
        return None if self._index is not None else "its encoder needs texts, the documents are rows of features"

    def write(self, writer: RunWriter) -> None:
        """Write index, labels and encoder; see :meth:`Source.write`."""
        self.write_extended(writer)
        if self._index is not None:
            self._view.write(writer)

    def write_extended(self, writer: RunWriter) -> None:
        """Write index and labels; see :meth:`Source.write_extended`."""
        assert self._positives is not None
        arrays = {} if self._index is None else with_prefix("index", self._index.to_arrays())
        arrays["label_indptr"] = self._positives.indptr.astype(np.int64)
        arrays["labels"] = self._positives.indices.astype(np.int32)
        writer.arrays(_FILE, arrays)

    def extend(self, documents: Documents, positives: csr_matrix, labels: LabelSpace) -> None:
        """Remember more documents; see :meth:`Source.extend`."""
        assert self._positives is not None
        rows = self._view.of(documents)
        if self._index is not None and rows is not None:
            self._index = self._index.with_rows(rows)
        old = self._positives
        widened = csr_matrix((old.data, old.indices, old.indptr), shape=(old.shape[0], len(labels)))
        self._positives = csr_matrix(vstack([widened, positives], format="csr"), dtype=np.bool_)

    def restore(self, run: RunDirectory, known: Known) -> None:
        """Read index, labels and encoder; see :meth:`Source.restore`."""
        labels = known.labels
        arrays = run.read_arrays(_FILE)
        own = without_prefix("index", arrays)
        indptr, indices = arrays["label_indptr"], arrays["labels"]
        n = len(indptr) - 1
        if own:
            self._index = self._view.restore(run, own, known)
            n = self._index.n_rows
        check_offsets(indptr, n, len(indices), "labels of the memory")
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(labels):
            raise ValueError("a document of the memory has a label out of range")
        ones = np.ones(len(indices), bool)
        self._positives = csr_matrix((ones, indices, indptr), shape=(n, len(labels)), copy=False)


@compiled
def _vote(
    rows: np.ndarray,
    cosines: np.ndarray,
    sharpness: float,
    indptr: np.ndarray,
    indices: np.ndarray,
    votes: np.ndarray,
    labels: np.ndarray,
    values: np.ndarray,
) -> None:
    """`votes` ``[L, 3]`` (share, nearest cosine, documents) is zero, also at the end."""
    width = labels.shape[1]
    for i in range(rows.shape[0]):
        total = np.float32(0.0)
        n_touched = 0
        room = 0
        for j in range(rows.shape[1]):
            if rows[i, j] >= 0:
                room += indptr[rows[i, j] + 1] - indptr[rows[i, j]]
        touched = np.empty(room, np.int64)
        for j in range(rows.shape[1]):
            row = rows[i, j]
            if row < 0 or cosines[i, j] <= 0:
                break
            weight = cosines[i, j] ** sharpness
            total += weight
            for p in range(indptr[row], indptr[row + 1]):
                label = indices[p]
                if votes[label, 2] == 0.0:
                    touched[n_touched] = label
                    n_touched += 1
                    votes[label, 1] = cosines[i, j]
                votes[label, 0] += weight
                votes[label, 2] += np.float32(1.0)
        filled = 0
        for t in range(n_touched):
            label = touched[t]
            share = votes[label, 0] / total
            place = filled
            while place > 0 and (
                values[i, place - 1, 0] < share or (values[i, place - 1, 0] == share and labels[i, place - 1] > label)
            ):
                place -= 1
            if place < width:
                for back in range(min(filled, width - 1), place, -1):
                    labels[i, back] = labels[i, back - 1]
                    for c in range(3):
                        values[i, back, c] = values[i, back - 1, c]
                labels[i, place] = label
                values[i, place, 0] = share
                values[i, place, 1] = votes[label, 1]
                values[i, place, 2] = votes[label, 2]
                filled = min(filled + 1, width)
            for c in range(3):
                votes[label, c] = 0.0
