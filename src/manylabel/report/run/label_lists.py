"""Which labels a run is best at, which it gets wrong, and which it never predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manylabel.core.labels import LabelSpace
from manylabel.metrics.label_table import LabelTable

ENOUGH = 5
"""Test documents from which a label's own F1 says anything."""


@dataclass(frozen=True)
class LabelLine:
    """One label.

    Attributes:
        name: with its text where that is another.
        training: number of training documents, where known.
        support: number of test documents that have it.
        predicted: number of test documents that are given it.
        precision: fraction.
        recall: fraction.
        f1: fraction.
    """

    name: str
    training: int | None
    support: int
    predicted: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class LabelLists:
    """The labels worth looking at.

    Attributes:
        best: highest F1, among labels with enough test documents.
        worst: lowest F1, among these; those never predicted are left to their own list.
        never: in the test part and never predicted, those with most test documents first.
        never_count: how many there are of these.
        never_untrained: how many of them had no training document.
        never_training: median of the training documents of the others, where known.
        in_test: labels in the test part.
        enough: labels with enough test documents.
    """

    best: tuple[LabelLine, ...]
    worst: tuple[LabelLine, ...]
    never: tuple[LabelLine, ...]
    never_count: int
    never_untrained: int
    never_training: float | None
    in_test: int
    enough: int


def list_labels(table: LabelTable, most: int = 10) -> LabelLists:
    """Choose labels from a label-wise table.

    Args:
        table: the table.
        most: length of each list at most.
    """
    support, predicted, f1 = table.support, table.tp + table.fp, table.f1
    judged = np.flatnonzero((support >= ENOUGH) & (predicted > 0))
    by_f1 = judged[np.lexsort((judged, -support[judged], -f1[judged]))]
    never = np.flatnonzero((support > 0) & (predicted == 0))
    never = never[np.argsort(-support[never], kind="stable")]
    untrained = 0 if table.training is None else int((table.training[never] == 0).sum())
    trained = None
    if table.training is not None and len(never) > untrained:
        trained = float(np.median(table.training[never][table.training[never] > 0]))
    # A label stands in one list only, however few there are, and one without a mistake never among the worst.
    half = min(most, (len(by_f1) + 1) // 2)
    flawed = [label for label in by_f1[half:][::-1].tolist() if f1[label] < 1.0]
    return LabelLists(
        best=tuple(_line(table, label) for label in by_f1[:half].tolist()),
        worst=tuple(_line(table, label) for label in flawed[:most]),
        never=tuple(_line(table, label) for label in never[:most].tolist()),
        never_count=len(never),
        never_untrained=untrained,
        never_training=trained,
        in_test=int((support > 0).sum()),
        enough=len(judged),
    )


def label_name(labels: LabelSpace, label: int) -> str:
    """A label's text with its name behind, or its name where that is all there is."""
    name, text = labels.names[label], labels.text_of(label)
    return name if text == name else f"{text} ({name})"


def _line(table: LabelTable, label: int) -> LabelLine:
    return LabelLine(
        name=label_name(table.labels, label),
        training=None if table.training is None else int(table.training[label]),
        support=int(table.support[label]),
        predicted=int(table.tp[label] + table.fp[label]),
        precision=float(table.precision[label]),
        recall=float(table.recall[label]),
        f1=float(table.f1[label]),
    )
