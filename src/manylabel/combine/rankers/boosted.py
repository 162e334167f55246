"""The `boosted` ranker: gradient-boosted trees with log loss."""

from __future__ import annotations

from typing import Any, Self

import lightgbm
import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.rankers.boosted_config import BoostedConfig
from manylabel.combine.rankers.boosting import importances, raw_scores, read_trees, sigmoid, train_trees
from manylabel.core.run_directory import RunDirectory, RunWriter

_FILE = "ranker.txt"


class BoostedRanker(Ranker):
    """Each candidate on its own, right or wrong; the scores are probabilities."""

    def __init__(self, config: BoostedConfig) -> None:
        self.config = config
        self._trees: lightgbm.Booster | None = None
        self._facts: dict[str, Any] = {}

    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Learn; see :meth:`Ranker.fit`."""
        objective = {"objective": "binary", "metric": "binary_logloss"}
        self._trees = train_trees(training, held_out, self.config, objective, seed=seed, wrong=self.config.wrong)
        self._facts = {
            "rounds": self._trees.num_trees(),
            "importance": importances(self._trees, training.candidates.names),
        }
        return self

    def score(self, candidates: Candidates) -> np.ndarray:
        """Probabilities; see :meth:`Ranker.score`."""
        assert self._trees is not None
        return sigmoid(raw_scores(self._trees, candidates.features))

    @property
    def facts(self) -> dict[str, Any]:
        """Rounds and importance; see :attr:`Ranker.facts`."""
        return self._facts

    def write(self, writer: RunWriter) -> None:
        """Write the trees as LightGBM's text; see :meth:`Ranker.write`."""
        assert self._trees is not None
        writer.text(_FILE, self._trees.model_to_string())

    def restore(self, run: RunDirectory) -> None:
        """Read the trees; see :meth:`Ranker.restore`."""
        self._trees = read_trees(run.read_text(_FILE))
