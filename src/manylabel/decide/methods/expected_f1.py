"""For each document the number of labels whose expected F1 is largest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.core.errors import InputError
from manylabel.core.parallel import in_blocks
from manylabel.core.topk import TopK
from manylabel.decide.examples import Examples
from manylabel.decide.method import Method, as_sets
from manylabel.decide.methods.expected_f1_config import ExpectedF1Config

_LONGEST = 100
_LEAST = 1e-4
_DOCUMENTS_PER_JOB = 256


class ExpectedF1(Method):
    """The label set of the largest expected F1 of the document, the labels taken as independent.

    The best set of a given size has the most probable labels. For every size the expectation is exact, over the
    distributions of how many of the chosen and of the other labels are true (Poisson-binomial; Ye et al. 2012, section
    3, Jansche 2007). Labels below a probability of 1e-4, and those beyond the first hundred, are left out; what lies
    outside the lists on average is added to the true labels. The empty set is right where no label is true, and is
    considered only if there were documents without a label among the examples.
    """

    kind: ClassVar[str] = "expected-f1"
    config: ExpectedF1Config

    def __init__(self, config: ExpectedF1Config) -> None:
        super().__init__(config)
        self._missing = 0.0
        self._empty = False

    def fit(self, examples: Examples) -> Self:
        """See :meth:`Method.fit`.

        Raises:
            InputError: the scores are no probabilities.
        """
        if examples.topk.kind != "probability":
            raise InputError(
                f"expected-f1 needs probabilities, the scores are a {examples.topk.kind}",
                remedy="calibrate them: --set calibration=isotonic",
            )
        self._missing = float(examples.truth.nnz - examples.hits.sum()) / len(examples)
        self._empty = bool((np.diff(examples.truth.indptr) == 0).any())
        return self

    def decide(self, topk: TopK) -> csr_matrix:
        """See :meth:`Method.decide`."""
        order = np.argsort(-topk.scores, axis=1, kind="stable")[:, :_LONGEST]
        probabilities = np.take_along_axis(topk.scores, order, axis=1).astype(np.float64)
        probabilities[~np.isfinite(probabilities)] = 0.0
        sizes = np.zeros(topk.n, np.int64)

        def work(rows: slice, scratch: tuple[np.ndarray, np.ndarray]) -> None:
            _best_sizes(probabilities[rows], self._missing, self._empty, sizes[rows], *scratch)

        width = order.shape[1] + 1
        in_blocks(topk.n, _DOCUMENTS_PER_JOB, work, lambda: (np.zeros((width, width)), np.zeros(width)))
        chosen = np.zeros(topk.indices.shape, bool)
        np.put_along_axis(chosen, order, np.arange(order.shape[1]) < sizes[:, None], axis=1)
        return as_sets(topk, chosen & (topk.indices >= 0))

    @property
    def facts(self) -> dict[str, Any]:
        """See :attr:`Method.facts`."""
        return {"true_labels_outside_lists": self._missing, "may_be_empty": self._empty}

    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """See :meth:`Method.restore`."""
        super().restore(arrays, facts)
        self._missing, self._empty = float(facts["true_labels_outside_lists"]), bool(facts["may_be_empty"])

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        empty = "may be" if self._empty else "is never"
        return [
            "for each document as many labels as make its expected F1 largest; on average "
            f"{self._missing:.2f} true labels of a document lie outside its list, and a label set {empty} empty"
        ]


@compiled
def expected_f1(chosen: np.ndarray, others: np.ndarray, size: int, n_others: int, missing: float) -> float:
    """E[2a / (size + a + b + missing)] over a true ones among the chosen and b among the others.

    Args:
        chosen: float64, at least ``[size + 1]``, probabilities of a = 0, 1, ...
        others: float64, at least ``[n_others + 1]``, of b.
        size: number of chosen labels.
        n_others: number of the others.
        missing: true labels that are known to be elsewhere.
    """
    total = 0.0
    for a in range(1, size + 1):
        inner = 0.0
        for b in range(n_others + 1):
            inner += others[b] / (size + a + b + missing)
        total += 2.0 * a * chosen[a] * inner
    return total


@compiled
def _add(distribution: np.ndarray, n: int, p: float) -> None:
    """Turn the distribution of a sum of n yes-or-no outcomes into that of n + 1."""
    distribution[n + 1] = distribution[n] * p
    for i in range(n, 0, -1):
        distribution[i] = distribution[i] * (1.0 - p) + distribution[i - 1] * p
    distribution[0] *= 1.0 - p


@compiled
def _best_sizes(
    probabilities: np.ndarray,
    missing: float,
    may_be_empty: bool,
    sizes: np.ndarray,
    others: np.ndarray,
    chosen: np.ndarray,
) -> None:
    for row in range(len(sizes)):
        p = probabilities[row]
        n = 0
        while n < len(p) and p[n] >= _LEAST:
            n += 1
        others[n, 0] = 1.0
        for first in range(n - 1, -1, -1):
            others[first, : n - first] = others[first + 1, : n - first]
            _add(others[first], n - first - 1, p[first])
        best = others[0, 0] if may_be_empty else 0.0
        sizes[row] = 0
        chosen[0] = 1.0
        for size in range(1, n + 1):
            _add(chosen, size - 1, p[size - 1])
            value = expected_f1(chosen, others[size], size, n - size, missing)
            if value > best:
                best, sizes[row] = value, size
