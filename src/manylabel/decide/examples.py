"""What a decision is fitted on: scores of held-out documents beside their true labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics.alignment import Alignment
from manylabel.metrics.groups import DEFAULT_CUTS, GROUPS, groups_of
from manylabel.metrics.membership import contains
from manylabel.metrics.settings import Empty


@dataclass(frozen=True, eq=False)
class Examples:
    """Scores of n documents that the model did not learn from, with the truth.

    Attributes:
        topk: their scores ``[n, k]`` over the L labels of the model.
        truth: bool CSR ``[n, L + U]``, sorted columns: the labels of the model, then those that only these documents
            have and that no decision can give.
        truth_labels: the label space of the truth.
        cuts: numbers of training documents from which a label is torso and head.
    """

    topk: TopK
    truth: csr_matrix
    truth_labels: LabelSpace
    cuts: tuple[int, int] = DEFAULT_CUTS

    @classmethod
    def of(
        cls,
        topk: TopK,
        positives: csr_matrix,
        labels: LabelSpace | None = None,
        cuts: tuple[int, int] = DEFAULT_CUTS,
        empty: Empty = "zero",
    ) -> Examples:
        """Bring scores and truth together.

        Args:
            topk: scores with their label space, which knows how many training documents a label has.
            positives: CSR ``[n, labels]``, the true labels.
            labels: label space of the truth where it is another; matched by name.
            cuts: see the class.
            empty: documents without a true label are left out (``skip``), or what they are given is wrong (``zero``).

        Raises:
            InputError: nothing to learn from: no documents, no labels, or lists without a single score.
        """
        if topk.labels is None or topk.labels.counts is None:
            raise InputError("a decision needs scores whose labels and training counts are known")
        if topk.n != positives.shape[0]:
            raise InputError(f"{topk.n} predictions for {positives.shape[0]} documents")
        alignment = Alignment(topk.labels, labels if labels is not None else topk.labels)
        truth = alignment.truth(positives)
        if truth.nnz == 0:
            raise InputError("no document has a label", remedy="a decision is fitted on documents with labels")
        if not (topk.indices >= 0).any() or not np.isfinite(topk.scores[topk.indices >= 0]).all():
            raise InputError("the model gives no finite scores, so that nothing can be decided on them")
        examples = cls(topk, truth, alignment.labels, cuts)
        labelled = np.diff(truth.indptr) > 0
        return examples if empty == "zero" or labelled.all() else examples.select(np.flatnonzero(labelled))

    def __len__(self) -> int:
        return self.topk.n

    @property
    def labels(self) -> LabelSpace:
        """The L labels of the model."""
        assert self.topk.labels is not None
        return self.topk.labels

    @cached_property
    def present(self) -> np.ndarray:
        """bool ``[n, k]``: a label stands there."""
        return self.topk.indices >= 0

    @cached_property
    def hits(self) -> np.ndarray:
        """bool ``[n, k]``: the label that stands there is true."""
        rows = np.repeat(np.arange(len(self)), self.topk.k)
        indptr, indices = self.truth.indptr.astype(np.int64), self.truth.indices.astype(np.int32)
        return contains(indptr, indices, rows, self.topk.indices.ravel()).reshape(self.topk.indices.shape)

    @cached_property
    def positives(self) -> np.ndarray:
        """int64 ``[L + U]``: documents of each label here."""
        return np.bincount(self.truth.indices, minlength=self.truth.shape[1])

    @cached_property
    def groups(self) -> np.ndarray:
        """int8 ``[L + U]``: group of each label by its number of training documents; see :data:`GROUPS`."""
        counts = self.labels.counts
        assert counts is not None
        own = groups_of(counts, self.cuts)
        return np.concatenate([own, np.full(self.truth.shape[1] - len(own), GROUPS.index("unseen"), np.int8)])

    def select(self, rows: np.ndarray) -> Examples:
        """Some of the documents."""
        return replace(self, topk=self.topk[rows], truth=self.truth[rows])

    def with_topk(self, topk: TopK) -> Examples:
        """The same documents with other scores."""
        return replace(self, topk=topk)
