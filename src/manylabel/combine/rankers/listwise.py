"""The `listwise` ranker: gradient-boosted trees that learn the order of each document's candidates."""

from __future__ import annotations

from typing import ClassVar, Self

from manylabel.combine.ranker import Judged
from manylabel.combine.rankers.boosted_config import ListwiseConfig
from manylabel.combine.rankers.boosting import TreeRanker, train_trees


class ListwiseRanker(TreeRanker):
    """LambdaRank (Burges 2010) over the candidates of each document; its scores are sums of leaves."""

    probabilistic: ClassVar[bool] = False
    config: ListwiseConfig

    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Learn; see :meth:`Ranker.fit`."""
        objective = {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [self.config.truncation],
            "lambdarank_truncation_level": self.config.truncation,
        }
        self._keep(train_trees(training, held_out, self.config, objective, seed=seed), training.candidates.names)
        return self
