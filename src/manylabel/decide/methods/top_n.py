"""The same number of labels for every document."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.topk import TopK
from manylabel.decide.examples import Examples
from manylabel.decide.method import Method, as_sets
from manylabel.decide.methods.top_n_config import TopNConfig


class TopN(Method):
    """The n best labels of each document."""

    kind: ClassVar[str] = "top-n"
    learns: ClassVar[bool] = False
    config: TopNConfig

    def fit(self, examples: Examples) -> Self:
        """Nothing to find out."""
        del examples
        return self

    def decide(self, topk: TopK) -> csr_matrix:
        """See :meth:`Method.decide`."""
        first = np.broadcast_to(np.arange(topk.k) < self.config.n, topk.indices.shape)
        return as_sets(topk, first & (topk.indices >= 0))

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        return [f"the first {self.config.n} labels of each document"]
