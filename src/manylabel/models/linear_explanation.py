"""Explanations of linear models: weight times feature value, exactly, told by the words of the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.models.explanation import Explanation, LabelExplanation, Step
from manylabel.models.features import Features
from manylabel.text.places import Span, locate

Decided = tuple[tuple[Step, ...], float]
"""The steps of the decision on a label, and its score."""


class WeighedText:
    """The features of one text, and the words that each of them is made of.

    Attributes:
        text: the text.
        columns: int ``[m]``, its features.
        values: float32 ``[m]``.
        units: its words, as spans.
    """

    def __init__(self, features: Features, text: str) -> None:
        assert features.tfidf is not None
        row = features.transform([text])
        located = locate(text, features.tfidf.resolved)
        self.text, self.columns, self.values = text, row.indices, row.data
        self.units: list[Span] = located.units
        self._shares = _shares(features.tfidf.terms_of(row.indices), located.terms, len(located.units))

    def step(self, name: str, weights: np.ndarray, bias: float) -> Step:
        """What each word adds to the margin of a classifier."""
        added = self._shares.T @ (weights.astype(np.float64) * self.values)
        return Step(name, added[:-1], bias, float(added[-1]))


def mean_step(name: str, steps: Sequence[Step], trees: int) -> Step:
    """The sum of some steps, over a number of trees."""
    values = np.sum([step.values for step in steps], axis=0) / trees
    bias, blanks = sum(step.bias for step in steps), sum(step.blanks for step in steps)
    return Step(name, values, bias / trees, blanks / trees)


def explain_linear(
    texts: Sequence[str],
    features: Features,
    best: TopK,
    wanted: Sequence[int] | None,
    decide: Callable[[WeighedText, int], Decided],
    note: str,
) -> list[Explanation]:
    """Explanations of some texts.

    Args:
        texts: the texts.
        features: fitted on texts.
        best: the best labels of each text, with the label space.
        wanted: labels to explain instead.
        decide: how a label of a text is decided on.
        note: says what the values are.

    Raises:
        InputError: a wanted label had no training documents, so that it has no weights.
    """
    labels, found = best.labels, []
    assert labels is not None
    for row, text in enumerate(texts):
        weighed = WeighedText(features, text)
        explained = []
        listed = best.indices[row].tolist()
        for label in [label for label in listed if label != NO_LABEL] if wanted is None else wanted:
            steps, score = decide(weighed, label)
            if not np.isfinite([step.bias for step in steps]).all():
                name = labels.names[label]
                raise InputError(f"label {name!r} had no training documents: the model has no weights for it")
            score = float(best.scores[row, listed.index(label)]) if label in listed else score
            explained.append(LabelExplanation(label, labels.names[label], score, steps))
        found.append(Explanation(text, weighed.units, "weights", note, best.kind, tuple(explained)))
    return found


def _shares(terms: Sequence[str], places: dict[str, list[list[int]]], n_units: int) -> csr_matrix:
    """float64 ``[m, u + 1]``: the share of each word in each feature, the last column being blanks; rows sum to 1."""
    indptr, indices, data = [0], [], []
    for term in terms:
        occurrences = places[term]
        for units in occurrences:
            members = units or [n_units]
            indices += members
            data += [1.0 / (len(occurrences) * len(members))] * len(members)
        indptr.append(len(indices))
    return csr_matrix((data, indices, indptr), shape=(len(terms), n_units + 1), dtype=np.float64)
