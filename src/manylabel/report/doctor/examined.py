"""What the rules of the doctor look at: everything that was read of a run, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.metrics.evaluation import Evaluation
from manylabel.runs.curves import Curves
from manylabel.runs.evaluate import OpenRun
from manylabel.runs.reading import AnyCorpus

FEWEST_DOCUMENTS = 20


class CannotLookError(Exception):
    """A rule lacks what it needs; the text says what, as a clause without a full stop."""


@dataclass(frozen=True, eq=False)
class Part:
    """Documents that the model was asked about now.

    Attributes:
        corpus: n documents; its first L labels are those of the model, labels that the model does not know follow.
        topk: ``[n, k]``, over the labels of the model.
        sets: bool CSR ``[n, L]``, the label sets made of it.
        evaluation: the same measured, with the metrics that the rules need beside those of the configuration.
    """

    corpus: AnyCorpus
    topk: TopK
    sets: csr_matrix
    evaluation: Evaluation

    def __len__(self) -> int:
        return len(self.corpus)

    @cached_property
    def truth(self) -> csr_matrix:
        """bool CSR ``[n, L]``: the true labels, of those that the model knows."""
        return csr_matrix(self.corpus.positives[:, : self.sets.shape[1]])

    @cached_property
    def labelled(self) -> np.ndarray:
        """bool ``[n]``: the document has a label."""
        return np.diff(self.corpus.positives.indptr) > 0

    @cached_property
    def hit_at_1(self) -> np.ndarray:
        """bool ``[n]``: the best label is true."""
        return are_true(self.truth, self.topk.indices[:, 0])

    @cached_property
    def exact(self) -> float:
        """Share of the documents with a label whose label set is exactly the true one (subset accuracy)."""
        right = np.diff(csr_matrix(self.sets.multiply(self.truth)).indptr)
        same = (right == np.diff(self.sets.indptr)) & (right == np.diff(self.corpus.positives.indptr))
        return float(same[self.labelled].mean())


@dataclass(frozen=True, eq=False)
class Examined:
    """A run, opened and asked.

    Attributes:
        run: the run.
        own_test: the test documents are those that the run was measured on when it was trained.
        measured: the test part, asked now.
        training: all training documents with their labels, or why they cannot be looked at.
        trained: a sample of them, asked now, or why that cannot be done.
        curves: learning curves; None for a training without epochs.
        recorded: what ``metrics.json`` says; None where the run has none.
    """

    run: OpenRun
    own_test: bool
    measured: Part
    training: AnyCorpus | str
    trained: Part | str
    curves: Curves | None
    recorded: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """The kind of the model."""
        return self.run.model.kind

    @property
    def labels(self) -> LabelSpace:
        """The labels of the model, with training counts."""
        return self.run.model.labels

    @property
    def info(self) -> Mapping[str, Any]:
        """Facts of the manifest."""
        return self.run.directory.manifest["info"]

    @property
    def n_training(self) -> int:
        """Number of training documents, 0 where it is not known."""
        return int(self.labels.n_documents or 0)

    @property
    def counts(self) -> np.ndarray:
        """int64 ``[L]``, training documents of each label.

        Raises:
            CannotLookError: not known.
        """
        if self.labels.counts is None:
            raise CannotLookError("the run does not say how many training documents its labels had")
        return self.labels.counts

    def enough(self, documents: int = FEWEST_DOCUMENTS) -> None:
        """Make sure that there are enough documents with labels to say anything.

        Raises:
            CannotLookError: there are fewer.
        """
        if int(self.measured.labelled.sum()) < documents:
            raise CannotLookError(f"fewer than {documents} documents with labels are too few to judge by")

    def training_corpus(self) -> AnyCorpus:
        """All training documents.

        Raises:
            CannotLookError: they are gone, or changed.
        """
        if isinstance(self.training, str):
            raise CannotLookError(self.training)
        return self.training

    def trained_part(self) -> Part:
        """A sample of the training documents, asked now.

        Raises:
            CannotLookError: they are gone or changed, or the score would say nothing.
        """
        if isinstance(self.trained, str):
            raise CannotLookError(self.trained)
        return self.trained

    def curves_read(self) -> Curves:
        """The learning curves.

        Raises:
            CannotLookError: the training had no epochs.
        """
        if self.curves is None:
            raise CannotLookError("the history has no epochs")
        return self.curves

    @staticmethod
    def texts(corpus: AnyCorpus) -> list[str]:
        """The texts of a corpus.

        Raises:
            CannotLookError: it holds feature vectors.
        """
        if isinstance(corpus, FeatureCorpus):
            raise CannotLookError("the documents are feature vectors, not texts")
        return list(corpus.texts)


def are_true(truth: csr_matrix, labels: np.ndarray) -> np.ndarray:
    """bool ``[n]``: label ``labels[i]`` is true of document i; never for -1."""
    known = labels >= 0
    found = np.zeros(len(labels), dtype=bool)
    rows = np.flatnonzero(known)
    found[rows] = np.asarray(truth[rows, labels[rows]]).ravel()
    return found
