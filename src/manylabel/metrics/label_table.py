"""Every label on its own: support, training documents, TP, FP, FN, precision, recall, F1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from manylabel.core.labels import LabelSpace
from manylabel.metrics.metric import divide


@dataclass(frozen=True, eq=False)
class LabelTable:
    """Counts of label sets against truth, by label. Arrays are ``[L]``.

    Attributes:
        labels: the labels of the model, then those that only the test part has.
        training: int64, number of training documents, or None where not known.
        tp, fp, fn: int64, assigned and true, assigned and not true, true and not assigned.
    """

    labels: LabelSpace
    training: np.ndarray | None
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def support(self) -> np.ndarray:
        """int64, number of test documents with the label."""
        return self.tp + self.fn

    @property
    def precision(self) -> np.ndarray:
        """float64, TP / (TP + FP), 0/0 is 0."""
        return divide(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> np.ndarray:
        """float64, TP / (TP + FN), 0/0 is 0."""
        return divide(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> np.ndarray:
        """float64, 2 TP / (2 TP + FP + FN), 0/0 is 0."""
        return divide(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def rows(self, *, everything: bool = False) -> Iterator[dict[str, Any]]:
        """One JSON-ready object per label, the best supported first.

        Args:
            everything: also the labels that are neither in the test part nor assigned to any of its documents.
        """
        order = np.lexsort((np.arange(len(self)), -self.support))
        if not everything:
            order = order[(self.support + self.fp)[order] > 0]
        precision, recall, f1 = self.precision, self.recall, self.f1
        for i in order.tolist():
            yield {
                "label": self.labels.names[i],
                "support": int(self.tp[i] + self.fn[i]),
                "training": None if self.training is None else int(self.training[i]),
                "tp": int(self.tp[i]),
                "fp": int(self.fp[i]),
                "fn": int(self.fn[i]),
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "F1": float(f1[i]),
            }
