"""The labels of a model and those of a test part, brought into one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.metrics.batch import LabelFacts
from manylabel.metrics.groups import check_cuts, groups_of
from manylabel.metrics.propensity import inverse_propensities
from manylabel.metrics.settings import Settings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Alignment:
    """One label space for predictions and truth: the labels of the model, then those that only the test part has.

    Args:
        model: label space of the predictions, with training counts where known.
        test: label space of the truth; labels are matched by name.

    Raises:
        InputError: the two have no label in common.
    """

    def __init__(self, model: LabelSpace, test: LabelSpace) -> None:
        self.n_model = len(model)
        self.labels = model.extended(test.names)
        self.of_test: np.ndarray | None = None
        if test is not model:
            mapping = np.fromiter((self.labels.index(name) for name in test.names), np.int32, len(test))
            if len(test) and len(model) and not (mapping < len(model)).any():
                raise InputError(
                    f"the predictions know {_examples(model)}, the documents {_examples(test)}: no label in common",
                    remedy="evaluate on documents of the kind the model was trained on",
                )
            if not np.array_equal(mapping, np.arange(len(test))):
                self.of_test = mapping
        self.counts, self.n_documents = self._training(model, test)

    def _training(self, model: LabelSpace, test: LabelSpace) -> tuple[np.ndarray | None, int | None]:
        if self.labels.counts is not None:
            return self.labels.counts, model.n_documents
        if test.counts is None:
            return None, None
        counts = np.zeros(len(self.labels), dtype=np.int64)
        counts[self.of_test if self.of_test is not None else slice(len(test))] = test.counts
        return counts, test.n_documents

    def facts(self, settings: Settings) -> LabelFacts:
        """Groups and inverse propensities of the labels, as far as they are asked for.

        Raises:
            InputError: they are asked for, but the training counts are not known.
            ConfigError: constants of the propensities out of range.
        """
        group = weight = None
        if settings.groups:
            if self.counts is None:
                raise _no_counts("the groups by label frequency", "pass groups=False")
            group = np.append(groups_of(self.counts, check_cuts(settings.cuts)), np.int8(-1))
        if settings.wants_weights:
            if self.counts is None or self.n_documents is None:
                asked = [str(name) for name, metric in settings.implementations if metric.needs_counts]
                raise _no_counts(", ".join(asked), "ask for other metrics")
            a, b = settings.propensity_a, settings.propensity_b
            weight = np.append(inverse_propensities(self.counts, self.n_documents, a, b), 0.0)
        return LabelFacts(len(self.labels), group, weight)

    def truth(self, positives: Any) -> csr_matrix:
        """A label matrix of the test part, ``[n, labels of the test part]``, as bool CSR over the joint space.

        Columns are sorted, stored zeros and duplicates removed; the argument stays as it is.
        """
        return _canonical(positives, self.of_test, len(self.labels))

    def sets(self, assigned: Any) -> csr_matrix:
        """A label matrix over the model's labels, likewise."""
        return _canonical(assigned, None, len(self.labels))


def _canonical(matrix: Any, mapping: np.ndarray | None, n_labels: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    given = csr_matrix(matrix)
    indptr, indices, stored = given.indptr, given.indices, given.data != 0
    if not stored.all():
        indptr = np.concatenate([[0], np.cumsum(stored)])[indptr]
        indices = indices[stored]
    indices = indices.astype(np.int32) if mapping is None else mapping[indices]
    shape = (given.shape[0], n_labels)
    matrix = csr_matrix((np.ones(len(indices), dtype=bool), indices, indptr.astype(np.int64)), shape=shape)
    matrix.sum_duplicates()
    return matrix


def _examples(labels: LabelSpace) -> str:
    shown = ", ".join(repr(name) for name in list(labels.names[:3]))
    return f"{len(labels)} labels such as {shown}"


def _no_counts(what: str, otherwise: str) -> InputError:
    return InputError(
        f"the number of training documents of each label is not known, but {what} need it",
        remedy=f"predict with a fitted model, give the label space counts (LabelSpace.with_counts), or {otherwise}",
    )
