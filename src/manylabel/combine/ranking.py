"""From judged candidates to a ranker whose scores are probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from manylabel.combine.calibration import Calibration, calibration_error
from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker


@dataclass(frozen=True)
class Ranking:
    """A fitted ranker, what makes its scores probabilities where they are none, and what is known of it."""

    ranker: Ranker
    calibration: Calibration | None
    facts: dict[str, Any]

    def score(self, candidates: Candidates) -> np.ndarray:
        """A probability for each candidate, float32."""
        scores = self.ranker.score(candidates)
        return scores if self.calibration is None else self.calibration(scores)


def hold_out(judged: Judged, share: float, *, seed: int) -> tuple[Judged, Judged]:
    """The documents that a ranker learns from, and the others, drawn at random, that its size is tuned on.

    Args:
        judged: candidates of n documents.
        share: of the documents that are held out; one at least is.
        seed: of the draw.
    """
    n = len(judged.candidates)
    order = np.random.default_rng(seed).permutation(n)
    held_out = max(1, round(n * share))
    return judged.select(np.sort(order[held_out:])), judged.select(np.sort(order[:held_out]))


def learn_to_rank(training: Judged, held_out: Judged, ranker: Ranker, *, rare_weight: float, seed: int) -> Ranking:
    """Fit a ranker, and find out what its probabilities are worth.

    Args:
        training: what it learns from.
        held_out: what its size is tuned on, and where its scores are none, its probabilities.
        ranker: one that has learned nothing.
        rare_weight: power of the inverse propensity (Jain et al. 2016) that a right candidate weighs; 0 for none.
        seed: of the ranker.

    Returns:
        The ranking. Its facts are ``calibration_error``, on the held-out documents, and those of the ranker.
    """
    ranker.fit(_weighted(training, rare_weight), held_out, seed=seed)
    scores = ranker.score(held_out.candidates)
    calibration = None
    if not ranker.probabilistic or rare_weight > 0:
        calibration = Calibration.fit(scores, held_out.right)
        scores = calibration(scores)
    facts = {"calibration_error": calibration_error(scores, held_out.right), "ranker": ranker.facts}
    return Ranking(ranker, calibration, facts)


def _weighted(judged: Judged, power: float) -> Judged:
    """The same with right candidates weighing by a power of their inverse propensity."""
    if power == 0:
        return judged
    propensity = judged.candidates.features[:, judged.candidates.names.index("label.propensity")]
    weights = np.where(judged.right, propensity.astype(np.float64) ** -power, 1.0).astype(np.float32)
    return replace(judged, weights=weights)
