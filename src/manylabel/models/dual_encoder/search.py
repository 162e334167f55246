"""How a dual encoder finds labels: by their own vectors, or by those of documents that it remembers too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.key_memory import KeyMemory
from manylabel.combine.nearest_approximate import NearestApproximate
from manylabel.combine.nearest_dense import NearestDense
from manylabel.core.arrays import with_prefix, without_prefix
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.decide.examples import Examples
from manylabel.decide.one_threshold import best_micro_f1
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from manylabel.models.dual_encoder.scores import Scores

_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0)
"""Tried for the documents. Labels have most of the softmax, so that weights near 1 differ most."""
_SHARPER = (1.0, 1.5, 2.0, 3.0)
"""Tried for the memory: how many times sharper its softmax is than that of the training."""
_MEMORY, _GRAPH = "memory", "graph"
LISTED = 100
_DOCUMENTS_AT_ONCE = 1024
"""Bounds what is held: a document has the labels of all its neighbours."""


@dataclass(frozen=True, eq=False)
class Search:
    """What is searched for the labels of documents.

    Attributes:
        labels: vectors of all labels, float32 ``[L, d]``.
        scores: what products are given out as where there is no memory.
        memory: of documents and labels, or None.
        graph: over the labels' vectors, for an approximate search where there is no memory, which has its own; None
            looks at all.
        thresholds: from which score a label counts as assigned, by the labels' own vectors and by the memory.
    """

    labels: np.ndarray
    scores: Scores
    memory: KeyMemory | None = None
    graph: NearestApproximate | None = None
    thresholds: tuple[float | None, float | None] = (None, None)

    def best(self, vectors: np.ndarray, k: int, labels: LabelSpace) -> TopK:
        """The k best labels of documents with these vectors, float32 ``[n, d]``."""
        if self.memory is not None:
            return TopK(*self.memory.best(vectors, k), "probability", labels, self.thresholds[1])
        width = min(k, len(self.labels))
        indices = np.full((len(vectors), k), NO_LABEL, np.int32)
        products = np.full((len(vectors), k), -np.inf, np.float32)
        if self.graph is None:
            found = NearestDense.build(self.labels).find(vectors, width, above=-np.inf)
        else:
            found = self.graph.find(vectors, width)
        indices[:, :width], products[:, :width] = found
        return TopK(indices, self.scores.given(products), self.scores.kind, labels, self.thresholds[0])

    def without_memory(self) -> Search:
        """The same by the labels' own vectors alone; where the memory had graphs, all labels are looked at."""
        return Search(self.labels, self.scores, thresholds=self.thresholds)

    def with_labels(self, vectors: np.ndarray) -> Search:
        """The same with more labels behind those that are there, float32 ``[m, d]``; no other label's score changes."""
        memory = None if self.memory is None else self.memory.with_labels(vectors)
        graph = None if self.graph is None else self.graph.with_rows(vectors)
        return Search(np.concatenate([self.labels, vectors]), self.scores, memory, graph, self.thresholds)

    def keep_labels(self, kept: np.ndarray) -> Search:
        """The same without the other labels (`kept`: int64, ascending); no score of those that remain changes."""
        memory = None if self.memory is None else self.memory.keep_labels(kept)
        labels = np.ascontiguousarray(self.labels[kept])
        graph = None if self.graph is None else self.graph.over(labels)
        return Search(labels, self.scores, memory, graph, self.thresholds)

    def with_thresholds(self, vectors: np.ndarray, positives: csr_matrix, labels: LabelSpace) -> Search:
        """The same with the thresholds of the largest micro-F1 on documents that it does not know.

        Args:
            vectors: of the documents, float32 ``[n, d]``.
            positives: of them, bool CSR ``[n, L]``.
            labels: the label space.
        """
        ways = [self.without_memory(), *([] if self.memory is None else [self])]
        found = [best_threshold(way.best(vectors, LISTED, labels), positives) for way in ways]
        return replace(self, thresholds=(found[0], found[1] if len(found) > 1 else None))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        parts = {_MEMORY: self.memory, _GRAPH: self.graph}
        there = [with_prefix(name, part.to_arrays()) for name, part in parts.items() if part is not None]
        own = {"vectors": self.labels, "thresholds": np.array(self.thresholds, np.float64)}
        return {**own, **{name: array for part in there for name, array in part.items()}}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], n_labels: int, width: int, scores: Scores, *, remembers: bool
    ) -> Search:
        """Read what :meth:`to_arrays` gave.

        Args:
            arrays: by name.
            n_labels: L.
            width: d.
            scores: of the model.
            remembers: whether there is a memory.

        Raises:
            KeyError, ValueError: they are of other labels or vectors.
        """
        vectors = arrays["vectors"]
        if vectors.shape != (n_labels, width) or vectors.dtype != np.float32:
            raise ValueError("the vectors of the labels have the wrong shape or type")
        memory = KeyMemory.from_arrays(without_prefix(_MEMORY, arrays), n_labels, width) if remembers else None
        arrays_of_graph = without_prefix(_GRAPH, arrays)
        graph = NearestApproximate.from_arrays(arrays_of_graph, vectors) if arrays_of_graph else None
        kept = arrays["thresholds"]
        if kept.shape != (2,):
            raise ValueError("the thresholds have the wrong shape")
        alone, remembered = (None if np.isnan(value) else float(value) for value in kept)
        return cls(vectors, scores, memory, graph, (alone, remembered))


def best_threshold(topk: TopK, positives: csr_matrix) -> float | None:
    """The threshold of the largest micro-F1, None where nothing says which that is.

    Args:
        topk: of documents.
        positives: of them, bool CSR ``[n, L]``.
    """
    if not len(topk) or not positives.nnz:
        return None
    return float(best_micro_f1(Examples.of(topk, positives)))


@dataclass(frozen=True)
class Tried:
    """Settings of a memory, and how good they were.

    Attributes:
        scale: 1 / tau.
        weight: of documents.
        value: of the metric.
    """

    scale: float
    weight: float
    value: float


def try_settings(
    memory: KeyMemory,
    vectors: np.ndarray,
    positives: csr_matrix,
    labels: LabelSpace,
    metric: str,
    *,
    scale: float | None = None,
    weight: float | None = None,
) -> list[Tried]:
    """The metric at each setting of a memory, in an order in which the first of equal ones is to be preferred.

    Args:
        memory: that does not know these documents; of the scale that training had.
        vectors: of the documents, float32 ``[n, d]``.
        positives: of them, bool CSR ``[n, L]``.
        labels: the label space.
        metric: name of a metric.
        scale: where it is given and not to be tried.
        weight: likewise.
    """
    settings = Settings(metrics=(metric,), groups=False, n_bootstrap=0)
    deepest = max([LISTED, *(name.k or 0 for name in settings.names)])
    scales = [memory.scale * times for times in _SHARPER] if scale is None else [scale]
    weights = _WEIGHTS if weight is None else (weight,)
    measured = {(one, other): Evaluator(labels, settings) for one in scales for other in weights}
    for at in range(0, max(len(vectors), 1), _DOCUMENTS_AT_ONCE):
        block = slice(at, at + _DOCUMENTS_AT_ONCE)
        found = memory.find(vectors[block])  # once for all settings
        for one in scales:
            parts = memory.with_scale(one).parts(found)
            for other in weights:
                topk = TopK(*parts.best(other, deepest), "probability", labels)
                measured[one, other].update(topk, positives[block])
    return [Tried(*pair, float(evaluator.result()[metric])) for pair, evaluator in measured.items()]


def best_of(tried: list[Tried]) -> Tried:
    """The best settings, the first of equal ones."""
    return max(tried, key=lambda one: one.value)
