"""Labels whose own text is like the document: finds labels that training hardly ever or never used."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.nearest import NearestRows, pair_products, unit_rows
from manylabel.combine.proposals import Proposals
from manylabel.combine.source import Documents, Known, Query, Source
from manylabel.combine.sources.label_text_config import LabelTextConfig
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.text.tfidf import Tfidf


class LabelTextSource(Source):
    """TF-IDF cosine of the document with each label's text (name and alternatives), and with that of its path.

    A label without text stands for itself with its name. The path of a label are its parents, their parents and so on
    up to a number of levels. Everything comes from the label space, so nothing is stored in a run.
    """

    columns: ClassVar[tuple[str, ...]] = ("score", "path")

    def __init__(self, config: LabelTextConfig) -> None:
        self.config = config
        self._trained = 0
        self._own: csr_matrix | None = None
        self._path: csr_matrix | None = None
        self._index: NearestRows | None = None

    def fit(
        self,
        documents: Documents,
        positives: csr_matrix,
        labels: LabelSpace,
        *,
        stages: Stages,
        progress: Progress = SILENT,
    ) -> Self:
        """Index the labels' texts; see :meth:`Source.fit`."""
        self._prepare(labels, len(labels), documents.tfidf)
        return self

    def propose(self, query: Query) -> Proposals:
        """The labels of the nearest texts; see :meth:`Source.propose`."""
        n = len(query.documents)
        if self._index is None or self._own is None or self._path is None:
            return Proposals.none(n, len(self.columns))
        found, cosines = self._index.find(query.documents.features, self.config.candidates)
        return Proposals.from_lists(found, cosines[:, :, None])

    def complete(self, query: Query, indptr: np.ndarray, candidates: np.ndarray) -> np.ndarray | None:
        """The cosines of any label's texts; see :meth:`Source.complete`."""
        if self._index is None or self._own is None or self._path is None:
            return None
        values = np.empty((len(candidates), len(self.columns)), np.float32)
        queries = unit_rows(query.documents.features, self._index.common)
        values[:, 0] = pair_products(queries, self._own, indptr, candidates)
        values[:, 1] = pair_products(query.documents.features, self._path, indptr, candidates)
        return values

    @property
    def idle(self) -> str | None:
        """Why it has nothing to propose; see :attr:`Source.idle`."""
        return None if self._index is not None else "no label's text or name has a word of the training documents"

    def write(self, writer: RunWriter) -> None:
        """Nothing to write: the texts stand in the label space."""

    def extend(self, documents: Documents, positives: csr_matrix, labels: LabelSpace) -> None:
        """Index the texts of more labels; see :meth:`Source.extend`."""
        self._prepare(labels, self._trained, documents.tfidf)

    def restore(self, run: RunDirectory, known: Known) -> None:
        """Make the index anew; see :meth:`Source.restore`."""
        self._prepare(known.labels, known.trained, known.tfidf)

    def _prepare(self, labels: LabelSpace, trained: int, tfidf: Tfidf | None) -> None:
        self._trained = trained
        self._own = self._path = self._index = None
        if tfidf is None:
            return
        alternatives = labels.alternatives or [()] * len(labels)
        own = tfidf.transform([" ".join([labels.text_of(i), *alternatives[i]]) for i in range(len(labels))])
        if own.nnz == 0:
            return
        # What is common is decided by the labels of the training: later ones change nothing for them.
        self._index = NearestRows.build(own[:trained], max_share=self.config.max_share).with_rows(own[trained:])
        self._own = self._index.matrix()
        above = ancestors(labels, self.config.levels)
        nothing = np.zeros(own.shape[1], bool)
        self._path = unit_rows(csr_matrix(above.astype(np.float32) @ own, dtype=np.float32), nothing)


def ancestors(labels: LabelSpace, levels: int) -> csr_matrix:
    """bool CSR ``[L, L]``, true at (i, j) where j is at most so many levels above i."""
    step = csr_matrix(labels.hierarchy, dtype=np.float32)
    parents, reached = step, step if levels else step * 0
    for _ in range(levels - 1):
        step = step @ parents
        if step.nnz == 0:
            break
        reached = reached + step
    found = csr_matrix(reached)
    found.eliminate_zeros()
    return csr_matrix((np.ones(found.nnz, np.bool_), found.indices, found.indptr), shape=found.shape)
