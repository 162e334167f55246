"""What every candidate source is: learns from documents, proposes labels for others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.proposals import Proposals
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.text.tfidf import Tfidf


@dataclass(frozen=True, eq=False)
class Documents:
    """Documents as sources see them.

    Attributes:
        features: float32 CSR ``[n, d]``, TF-IDF or what was given.
        texts: the n texts; None where only features were given.
        tfidf: what made the features; None where they were given.
        vectors: what was encoded already: float32 ``[n, d]`` by the configuration of the encoder, as JSON.
    """

    features: csr_matrix
    texts: Sequence[str] | None = None
    tfidf: Tfidf | None = None
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.features.shape[0]

    def select(self, rows: np.ndarray) -> Documents:
        """Some of them, in the given order."""
        order: list[int] = rows.tolist()
        texts = None if self.texts is None else [self.texts[row] for row in order]
        vectors = {encoder: every[rows] for encoder, every in self.vectors.items()}
        return Documents(self.features[rows], texts, self.tfidf, vectors)

    def with_vectors(self, encoder: str, vectors: np.ndarray) -> Documents:
        """The same with the vectors float32 ``[n, d]`` of an encoder."""
        return replace(self, vectors={**self.vectors, encoder: vectors})


@dataclass(frozen=True, eq=False)
class Query:
    """Documents that labels are sought for.

    Attributes:
        documents: they.
        earlier: what the sources before this one proposed for them, by name.
        training: whether they come from the data that the sources learn from, so that near-duplicates among the
            documents that a source knows are not to help: a new document will rarely have one.
    """

    documents: Documents
    earlier: Mapping[str, Proposals] = field(default_factory=dict)
    training: bool = False


@dataclass(frozen=True, eq=False)
class Known:
    """What sources need to know when they are read from a run.

    Attributes:
        labels: all labels.
        trained: how many of them, from the first, there were when the run was trained.
        tfidf: what makes the features; None where they are given.
        n_features: d, their number.
    """

    labels: LabelSpace
    trained: int
    tfidf: Tfidf | None
    n_features: int


class Source(ABC):
    """Base of all sources. A source is made from its configuration section, as its `config`.

    Attributes:
        columns: what the columns of its proposals are called; the first is the score.
    """

    columns: ClassVar[tuple[str, ...]] = ("score",)

    def prepare(self, documents: Documents, *, stages: Stages, progress: Progress = SILENT) -> Documents:
        """Do what is done once for all training documents, before the folds and before :meth:`fit`: encode them, say.

        It is called on the sources that are trained on everything in the end. Those of the folds get parts of what it
        gives, so it must look at no label.

        Args:
            documents: all n of them.
            stages: where finished stages are kept.
            progress: where long work reports.

        Returns:
            The documents with what was found out about them.
        """
        del stages, progress
        return documents

    @abstractmethod
    def fit(
        self,
        documents: Documents,
        positives: csr_matrix,
        labels: LabelSpace,
        *,
        stages: Stages,
        progress: Progress = SILENT,
    ) -> Self:
        """Learn from documents and their labels.

        Args:
            documents: n of them.
            positives: bool CSR ``[n, L]``.
            labels: the label space, with texts where known.
            stages: where finished stages are kept.
            progress: where long work reports.
        """

    @abstractmethod
    def propose(self, query: Query) -> Proposals:
        """The labels it proposes for some documents; several threads may ask at once."""

    def complete(self, query: Query, indptr: np.ndarray, candidates: np.ndarray) -> np.ndarray | None:
        """What it knows of labels that it or other sources proposed; None where it only knows its own proposals.

        Args:
            query: n documents.
            indptr: int64 ``[n + 1]``, where the labels of each begin.
            candidates: int32, the labels.

        Returns:
            float32 ``[len(candidates), columns]``.
        """
        del query, indptr, candidates
        return None

    def extend(self, documents: Documents, positives: csr_matrix, labels: LabelSpace) -> None:
        """Take in documents, and labels behind those it knows, without learning anew: what it does not need it ignores.

        Args:
            documents: m new ones.
            positives: bool CSR ``[m, L]``, their labels.
            labels: all L labels, those it knows first.
        """
        del documents, positives, labels

    @property
    def idle(self) -> str | None:
        """Why it has nothing to propose, where the data gives it nothing to work with; None where it works."""
        return None

    @abstractmethod
    def write(self, writer: RunWriter) -> None:
        """Write what was learned into a run."""

    def write_extended(self, writer: RunWriter) -> None:
        """Write what :meth:`extend` changed into an amendment of the run; by default everything."""
        self.write(writer)

    @abstractmethod
    def restore(self, run: RunDirectory, known: Known) -> None:
        """Read what :meth:`write` wrote."""
