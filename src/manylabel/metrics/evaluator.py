"""Measure predictions batch by batch, or shard by shard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics.alignment import Alignment
from manylabel.metrics.batch import Batch
from manylabel.metrics.evaluation import Evaluation
from manylabel.metrics.settings import Settings
from manylabel.metrics.summary import Conditions, summarise
from manylabel.metrics.tally import Tally, concatenate, tally

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_CELLS_AT_ONCE = 1 << 20
"""Predicted labels that are measured in one go: bounds the temporary arrays to some tens of megabytes."""


class Evaluator:
    """Measures batch by batch; shards measured apart can be merged.

    Keeps a few numbers per document and metric, the true labels and the label sets, and, only if an area under a curve
    is asked for, the listed labels with their scores. Values do not depend on how documents are divided into batches.

    Args:
        labels: label space of the predictions, with training counts.
        settings: the options.
        test_labels: label space of the truth, by default that of the predictions.
        sets_by: what to call the way by which given label sets were come by.

    Raises:
        InputError: labels that have nothing in common, or training counts that are needed but not known.
    """

    def __init__(
        self,
        labels: LabelSpace,
        settings: Settings | None = None,
        *,
        test_labels: LabelSpace | None = None,
        sets_by: str = "given",
    ) -> None:
        self.settings = settings or Settings()
        self._model = labels
        self._alignment = Alignment(labels, test_labels if test_labels is not None else labels)
        self._facts = self._alignment.facts(self.settings)
        self._parts: list[Tally] = []
        self._documents = self._without_labels = self._cut_sets = 0
        self._k: int | None = None
        self._rule: str | None = None
        self._sets_by = sets_by

    def update(self, topk: TopK, positives: csr_matrix, label_sets: csr_matrix | None = None) -> Self:
        """Measure some more documents.

        Args:
            topk: their predictions.
            positives: their true labels, ``[n, labels of the test part]``, sparse or dense; as elsewhere, what is
                stored and not zero is true.
            label_sets: their label sets, ``[n, labels of the model]``, where these are not made by a threshold or of
                the first n; then for every batch.

        Raises:
            InputError: as for :func:`evaluate`.
        """
        self._check(topk, label_sets)
        truth = self._alignment.truth(positives)
        sets = None if label_sets is None else self._alignment.sets(label_sets)
        if truth.shape[0] != len(topk) or (sets is not None and sets.shape[0] != len(topk)):
            raise InputError(f"{len(topk)} predictions for {truth.shape[0]} documents", remedy="give one for each")
        step = max(1, _CELLS_AT_ONCE // max(topk.k, 1))
        for start in range(0, len(topk), step):
            rows = slice(start, start + step)
            part = topk[rows]
            self._validate(part)
            self._measure(part, truth[rows], None if sets is None else sets[rows])
        return self

    def merge(self, other: Evaluator) -> Self:
        """Take over the documents of another evaluator with the same labels and settings, after one's own.

        Raises:
            InputError: labels or settings differ.
        """
        if self.settings != other.settings or self._alignment.labels != other._alignment.labels:
            raise InputError("shards with different labels or settings cannot be merged")
        if None not in (self._k, other._k) and (self._k, self._rule) != (other._k, other._rule):
            raise InputError(f"lists of {other._k} ({other._rule}) cannot be merged with {self._k} ({self._rule})")
        self._k, self._rule = self._k or other._k, self._rule or other._rule
        self._parts.extend(other._parts)
        self._documents += other._documents
        self._without_labels += other._without_labels
        self._cut_sets += other._cut_sets
        return self

    def result(self, *, dropped_labels: int = 0) -> Evaluation:
        """The evaluation of all documents so far.

        Args:
            dropped_labels: pairs of unknown labels that were dropped on reading, to be reported.

        Raises:
            InputError: no documents, or none with a label.
        """
        if not self._documents:
            raise InputError("there are no documents to evaluate")
        if self._without_labels == self._documents:
            raise InputError("no document has a label", remedy="evaluate on documents with labels")
        measured = concatenate(self._parts)
        self._parts = [measured]  # so that asking again, after more documents, joins two parts only
        conditions = Conditions(self._without_labels, dropped_labels, self._k or 0, self._rule or "", self._cut_sets)
        return summarise(measured, self._alignment, self._facts, self.settings, conditions)

    def _check(self, topk: TopK, label_sets: csr_matrix | None) -> None:
        """The batch fits the labels, the metrics and the batches before."""
        if topk.labels is not None and topk.labels != self._model:
            raise InputError("predictions over other labels than the evaluator was made for")
        needed = {f"{name}": name.k for name in self.settings.names if name.k is not None}
        if self.settings.top_n is not None:
            needed["top_n"] = self.settings.top_n
        asked, depth = max(needed.items(), key=lambda item: item[1], default=("", 0))
        if depth > topk.k:
            raise InputError(
                f"{asked} needs lists of at least {depth} labels, these hold {topk.k}",
                remedy=f"predict with k={depth}, or ask for less",
            )
        rule = self._rule_for(topk, label_sets)
        if self._k is None:
            self._k, self._rule = topk.k, rule
        elif (topk.k, rule) != (self._k, self._rule):
            raise InputError(
                f"a batch with lists of {topk.k} and label sets {rule}, after lists of {self._k} and label sets "
                f"{self._rule}",
                remedy="predict all batches alike",
            )

    def _rule_for(self, topk: TopK, label_sets: csr_matrix | None) -> str:
        settings = self.settings
        if label_sets is not None:
            if settings.threshold is not None or settings.top_n is not None:
                raise InputError("label sets are given: leave threshold and top_n out")
            if label_sets.shape != (len(topk), self._alignment.n_model):
                raise InputError(
                    f"label sets {label_sets.shape}, expected {(len(topk), self._alignment.n_model)}: the documents by "
                    "the labels of the model"
                )
            return self._sets_by
        if settings.top_n is not None:
            return f"top {settings.top_n}"
        unfounded = topk.kind == "similarity" and settings.threshold is None and topk.threshold is None
        remark = ", of no meaning for similarities: fit a decision (manylabel decide)" if unfounded else ""
        return f"score >= {self._threshold(topk):g}{remark}"

    def _threshold(self, topk: TopK) -> float:
        return topk.default_threshold if self.settings.threshold is None else self.settings.threshold

    def _validate(self, part: TopK) -> None:
        try:
            part.validate(self._alignment.n_model)
        except ValueError:
            for row in range(len(part)):
                try:
                    part[row : row + 1].validate(self._alignment.n_model)
                except ValueError as error:
                    raise InputError(
                        f"prediction {self._documents + row}: {error}", remedy="make the lists with TopK.from_csr"
                    ) from None
            raise

    def _measure(self, topk: TopK, truth: csr_matrix, sets: csr_matrix | None) -> None:
        labelled = np.diff(truth.indptr) > 0
        self._documents += len(topk)
        self._without_labels += int((~labelled).sum())
        if self.settings.empty == "skip" and not labelled.all():
            topk, truth, sets = topk[labelled], truth[labelled], None if sets is None else sets[labelled]
        if sets is not None:
            set_rows = np.repeat(np.arange(len(topk)), np.diff(sets.indptr))
            set_labels = sets.indices
        else:
            set_rows, set_labels = self._sets_from(topk)
        depth = self.settings.depth(topk.k)
        batch = Batch(
            lists=np.ascontiguousarray(topk.indices[:, :depth]),
            truth_indptr=truth.indptr.astype(np.int64),
            truth=truth.indices.astype(np.int32),
            set_rows=set_rows.astype(np.int64),
            set_labels=set_labels.astype(np.int32),
            facts=self._facts,
        )
        self._parts.append(tally(batch, topk.scores[:, :depth], self.settings))

    def _sets_from(self, topk: TopK) -> tuple[np.ndarray, np.ndarray]:
        """Label sets by the rule, as rows and labels."""
        if self.settings.top_n is not None:
            indices = topk.indices[:, : self.settings.top_n]
            chosen = indices >= 0
            return np.nonzero(chosen)[0], indices[chosen]
        chosen = (topk.indices >= 0) & (topk.scores >= np.float32(self._threshold(topk)))
        if 0 < topk.k < self._alignment.n_model:
            self._cut_sets += int(chosen[:, -1].sum())
        return np.nonzero(chosen)[0], topk.indices[chosen]
