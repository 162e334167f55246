"""The `boosted` ranker: gradient-boosted trees with log loss."""

from __future__ import annotations

from typing import Self

import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged
from manylabel.combine.rankers.boosted_config import BoostedConfig
from manylabel.combine.rankers.boosting import TreeRanker, sigmoid, train_trees


class BoostedRanker(TreeRanker):
    """Each candidate on its own, right or wrong; the scores are probabilities."""

    config: BoostedConfig

    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Learn; see :meth:`Ranker.fit`."""
        objective = {"objective": "binary", "metric": "binary_logloss"}
        trees = train_trees(training, held_out, self.config, objective, seed=seed)
        self._keep(trees, training.candidates.names)
        return self

    def score(self, candidates: Candidates) -> np.ndarray:
        """Probabilities; see :meth:`Ranker.score`."""
        assert self._trees is not None
        return sigmoid(self._trees.score(candidates.features))
