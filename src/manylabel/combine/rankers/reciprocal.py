"""The `reciprocal` ranker: what the sources rank high together."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.rankers.reciprocal_config import ReciprocalConfig
from manylabel.core.run_directory import RunDirectory, RunWriter


class ReciprocalRanker(Ranker):
    """Reciprocal rank fusion (Cormack et al. 2009): the sum over sources of ``1 / (smoothing + rank)``."""

    probabilistic: ClassVar[bool] = False

    def __init__(self, config: ReciprocalConfig) -> None:
        self.config = config

    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Nothing to learn; see :meth:`Ranker.fit`."""
        return self

    def score(self, candidates: Candidates) -> np.ndarray:
        """Sums of reciprocal ranks; see :meth:`Ranker.score`."""
        columns = [i for i, name in enumerate(candidates.names) if name.endswith(".rank")]
        # Ranks are counted from 0 here and from 1 in the formula.
        shares = 1.0 / (self.config.smoothing + 1.0 + candidates.features[:, columns])
        return np.nansum(shares, axis=1).astype(np.float32)

    @property
    def facts(self) -> dict[str, Any]:
        """Nothing was found; see :attr:`Ranker.facts`."""
        return {}

    def write(self, writer: RunWriter) -> None:
        """Nothing to write; see :meth:`Ranker.write`."""

    def restore(self, run: RunDirectory, n_features: int) -> None:
        """Nothing to read; see :meth:`Ranker.restore`."""
