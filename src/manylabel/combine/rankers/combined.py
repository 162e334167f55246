"""The `combined` ranker: one set of trees for the order, one for the probabilities."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.rankers.boosted import BoostedRanker
from manylabel.combine.rankers.boosted_config import BoostedConfig, CombinedConfig, ListwiseConfig, ListwiseOptions
from manylabel.combine.rankers.listwise import ListwiseRanker
from manylabel.core.run_directory import RunDirectory, RunWriter

_ORDER, _CHANCE = "order", "chance"


class CombinedRanker(Ranker):
    """Listwise trees put the candidates of a document in order, trees with log loss say how likely they are.

    Trees with log loss spend most of what they can learn on telling documents with many right candidates from those
    with few; listwise trees only compare the candidates of a document, and so find the best of them more often, but
    their scores mean nothing from one document to the next. The order is that of ``log-odds + order_weight * listwise
    score``, and the n-th of a document gets the n-th highest of its probabilities.
    """

    def __init__(self, config: CombinedConfig) -> None:
        self.config = config
        shared = {name: getattr(config, name) for name in ListwiseOptions.model_fields}
        self._order = ListwiseRanker(ListwiseConfig(**shared))
        del shared["truncation"]
        self._chance = BoostedRanker(BoostedConfig(**shared))

    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Learn both; see :meth:`Ranker.fit`."""
        self._order.fit(training, held_out, seed=seed)
        self._chance.fit(training, held_out, seed=seed)
        return self

    def score(self, candidates: Candidates) -> np.ndarray:
        """Probabilities; see :meth:`Ranker.score`."""
        chances, rows = self._chance.score(candidates), candidates.rows
        bounded = np.clip(chances.astype(np.float64), 1e-9, 1 - 1e-9)
        ordering = np.log(bounded / (1 - bounded)) + self.config.order_weight * self._order.score(candidates)
        scores = np.empty_like(chances)
        scores[np.lexsort((-ordering, rows))] = chances[np.lexsort((-chances, rows))]
        return scores

    @property
    def facts(self) -> dict[str, Any]:
        """Trees of both, and the mean importance of the features; see :attr:`Ranker.facts`."""
        order, chance = self._order.facts, self._chance.facts
        if not order:
            return {}
        means = {
            name: round((order["importance"][name] + value) / 2, 4) for name, value in chance["importance"].items()
        }
        importance = dict(sorted(means.items(), key=lambda entry: -entry[1]))
        return {"rounds": {_ORDER: order["rounds"], _CHANCE: chance["rounds"]}, "importance": importance}

    def write(self, writer: RunWriter) -> None:
        """Write the trees of both; see :meth:`Ranker.write`."""
        self._order.write(writer.within(_ORDER))
        self._chance.write(writer.within(_CHANCE))

    def restore(self, run: RunDirectory, n_features: int) -> None:
        """Read the trees of both; see :meth:`Ranker.restore`."""
        self._order.restore(run.within(_ORDER), n_features)
        self._chance.restore(run.within(_CHANCE), n_features)
