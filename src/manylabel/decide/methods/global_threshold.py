"""One threshold for all labels, where a metric is largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.decide.examples import Examples
from manylabel.decide.measured import measure
from manylabel.decide.method import ThresholdMethod
from manylabel.decide.methods.global_threshold_config import GlobalConfig
from manylabel.decide.one_threshold import best_micro_f1
from manylabel.metrics import METRICS

_STEPS = 30
_ROUNDS = 3
_LABELS_FOR_EACH_TRUE_ONE = 20


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The highest scores of all documents together, falling, and where they stand in the lists."""

    scores: np.ndarray
    positions: np.ndarray

    @classmethod
    def of(cls, examples: Examples) -> _Ranked:
        topk = examples.topk
        at_most = min(int(examples.present.sum()), _LABELS_FOR_EACH_TRUE_ONE * examples.truth.nnz)
        highest = np.argpartition(-topk.scores.ravel(), at_most - 1)[:at_most]
        order = highest[np.argsort(-topk.scores.ravel()[highest], kind="stable")]
        return cls(topk.scores.ravel()[order], order)

    def sets(self, examples: Examples, size: int) -> csr_matrix:
        """The label sets of the threshold that the score of this rank is."""
        size = int(np.searchsorted(-self.scores, -self.scores[size - 1], side="right"))
        topk = examples.topk
        rows, labels = self.positions[:size] // topk.k, topk.indices.ravel()[self.positions[:size]]
        return csr_matrix((np.ones(size, bool), (rows, labels)), shape=(topk.n, len(examples.labels)))


class GlobalThreshold(ThresholdMethod):
    """The threshold with the best micro-F1 (found exactly), or with the best of any other metric of label sets.

    For other metrics, 30 sizes of the label sets are tried, up to twenty labels for each true one, then 30 more between
    the neighbours of the best one, and again.
    """

    kind: ClassVar[str] = "global"
    config: GlobalConfig

    def __init__(self, config: GlobalConfig) -> None:
        super().__init__(config)
        self._reached = float("nan")

    def fit(self, examples: Examples) -> Self:
        """See :meth:`Method.fit`."""
        if self.config.metric == "micro-F1":
            self.common = best_micro_f1(examples)
            self._reached = self._value(examples, self.decide(examples.topk))
            return self
        sign = -1.0 if METRICS.load(self.config.metric).lower_is_better else 1.0
        ranked = _Ranked.of(examples)
        low, high = 1, len(ranked.scores)
        for _ in range(_ROUNDS):
            tried = np.unique(np.linspace(low, high, _STEPS).astype(np.int64))
            values = [sign * self._value(examples, ranked.sets(examples, size)) for size in tried]
            best = int(np.argmax(values))
            self.common, self._reached = ranked.scores[tried[best] - 1], sign * values[best]
            low, high = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
        return self

    def _value(self, examples: Examples, sets: csr_matrix) -> float:
        return measure(examples, sets, (self.config.metric,), groups=False)[self.config.metric]

    @property
    def facts(self) -> dict[str, Any]:
        """See :attr:`Method.facts`."""
        return {"metric": self.config.metric, "threshold": float(self.common), "reached": self._reached}

    def restore(self, arrays: Any, facts: Any) -> None:
        """See :meth:`Method.restore`."""
        super().restore(arrays, facts)
        self._reached = float(facts["reached"])

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        return [
            f"labels with a score of at least {self.common:.4g}, which is best for {self.config.metric} "
            f"({100 * self._reached:.2f} on the documents that it was chosen on)"
        ]
