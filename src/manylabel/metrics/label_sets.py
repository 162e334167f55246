"""Metrics of label sets: precision, recall and F1 over all assignments, over labels, over documents; Jaccard, Hamming.

By group, all of them see the labels of the group only, on both sides. "macro" is the mean over the labels with a
document in training or test, "macro-...-supported" over those with a document in the test; a label without a hit has 0
for precision, recall and F1, also where that is 0/0.
"""

from __future__ import annotations

import numpy as np

from manylabel.metrics.batch import View
from manylabel.metrics.label_sums import LabelSums
from manylabel.metrics.metric import divide, metric


@metric("ratio")
def micro_precision(view: View) -> tuple[np.ndarray, np.ndarray]:
    """TP / (TP + FP) over all cells, 0/0 is 0."""
    return view.correct, view.assigned


@metric("ratio")
def micro_recall(view: View) -> tuple[np.ndarray, np.ndarray]:
    """TP / (TP + FN) over all cells, 0/0 is 0."""
    return view.correct, view.true


@metric("ratio")
def micro_f1(view: View) -> tuple[np.ndarray, np.ndarray]:
    """2 TP / (2 TP + FP + FN) over all cells, 0/0 is 0."""
    return 2 * view.correct, view.assigned + view.true


@metric("labels")
def macro_precision(sums: LabelSums) -> np.ndarray:
    """Mean precision of the labels with a document in training or test."""
    return divide(sums.precision, sums.known, np.nan)


@metric("labels")
def macro_precision_supported(sums: LabelSums) -> np.ndarray:
    """Mean precision of the labels with a document in the test."""
    return divide(sums.precision, sums.supported, np.nan)


@metric("labels")
def macro_recall(sums: LabelSums) -> np.ndarray:
    """Mean recall of the labels with a document in training or test."""
    return divide(sums.recall, sums.known, np.nan)


@metric("labels")
def macro_recall_supported(sums: LabelSums) -> np.ndarray:
    """Mean recall of the labels with a document in the test."""
    return divide(sums.recall, sums.supported, np.nan)


@metric("labels")
def macro_f1(sums: LabelSums) -> np.ndarray:
    """Mean F1 of the labels with a document in training or test (not the F1 of mean precision and mean recall)."""
    return divide(sums.f1, sums.known, np.nan)


@metric("labels")
def macro_f1_supported(sums: LabelSums) -> np.ndarray:
    """Mean F1 of the labels with a document in the test."""
    return divide(sums.f1, sums.supported, np.nan)


@metric("mean")
def example_precision(view: View) -> np.ndarray:
    """TP / assigned of each document; 1 where neither truth nor label set has a label, 0 for an empty label set."""
    return np.where(view.assigned + view.true == 0, 1.0, divide(view.correct, view.assigned))


@metric("mean")
def example_recall(view: View) -> np.ndarray:
    """TP / true of each document; 1 where neither truth nor label set has a label, 0 for an empty truth."""
    return np.where(view.assigned + view.true == 0, 1.0, divide(view.correct, view.true))


@metric("mean")
def example_f1(view: View) -> np.ndarray:
    """2 TP / (assigned + true) of each document; 1 where neither truth nor label set has a label."""
    return divide(2 * view.correct, view.assigned + view.true, 1.0)


@metric("mean")
def jaccard(view: View) -> np.ndarray:
    """Intersection over union of label set and truth; 1 where both are empty."""
    return divide(view.correct, view.assigned + view.true - view.correct, 1.0)


@metric("mean", lower_is_better=True)
def hamming(view: View) -> np.ndarray:
    """Hamming loss: (FP + FN) / L of each document; 0 where label set and truth are both empty."""
    return (view.assigned + view.true - 2 * view.correct) / max(view.n_labels, 1)
