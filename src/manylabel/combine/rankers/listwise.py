"""The `listwise` ranker: gradient-boosted trees that learn the order of each document's candidates."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import lightgbm
import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.rankers.boosted_config import ListwiseConfig
from manylabel.combine.rankers.boosting import importances, raw_scores, read_trees, train_trees
from manylabel.core.run_directory import RunDirectory, RunWriter

_FILE = "ranker.txt"


class ListwiseRanker(Ranker):
    """LambdaRank (Burges 2010) over the candidates of each document."""

    probabilistic: ClassVar[bool] = False

    def __init__(self, config: ListwiseConfig) -> None:
        self.config = config
        self._trees: lightgbm.Booster | None = None
        self._facts: dict[str, Any] = {}

    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Learn; see :meth:`Ranker.fit`."""
        objective = {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [self.config.truncation],
            "lambdarank_truncation_level": self.config.truncation,
        }
        self._trees = train_trees(training, held_out, self.config, objective, seed=seed)
        self._facts = {
            "rounds": self._trees.num_trees(),
            "importance": importances(self._trees, training.candidates.names),
        }
        return self

    def score(self, candidates: Candidates) -> np.ndarray:
        """Sums of leaves; see :meth:`Ranker.score`."""
        assert self._trees is not None
        return raw_scores(self._trees, candidates.features).astype(np.float32)

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
