"""From judged candidates to a ranker whose scores are probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from manylabel.combine import RANKERS
from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.core.config import Section
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.decide.isotonic import IsotonicCurve
from manylabel.metrics.reliability import reliability

_FACTS, _CALIBRATION = "sources.json", "calibration.safetensors"
_FEW_RIGHT = 10  # right candidates; fewer teach nothing
_UNLEARNED = "reciprocal"


@dataclass(frozen=True)
class Ranking:
    """A fitted ranker, what makes its scores probabilities where they are none, and what is known of it.

    Attributes:
        ranker: fitted.
        calibration: of its scores; None where they are probabilities.
        facts: what was found while it was fitted; JSON-serialisable.
    """

    ranker: Ranker
    calibration: IsotonicCurve | None
    facts: Mapping[str, Any]

    def score(self, candidates: Candidates) -> np.ndarray:
        """The probability of each candidate, float32."""
        scores = self.ranker.score(candidates)
        return scores if self.calibration is None else self.calibration(scores)

    def with_facts(self, more: Mapping[str, Any]) -> Ranking:
        """The same with more facts, which come first."""
        return replace(self, facts={**more, **self.facts})

    def write(self, writer: RunWriter) -> None:
        """Write all of it into a run."""
        self.ranker.write(writer)
        if self.calibration is not None:
            writer.arrays(_CALIBRATION, self.calibration.to_arrays())
        writer.json(_FACTS, self.facts)

    @classmethod
    def restore(cls, run: RunDirectory, section: Section, n_features: int) -> Ranking:
        """Read what :meth:`write` wrote.

        Args:
            run: where it is.
            section: the options of the ranker.
            n_features: F, of the candidates that it will score.

        Raises:
            ValueError: what is there does not fit together.
        """
        facts = run.read_json(_FACTS)
        kind = facts["ranker"]["kind"]
        ranker = new_ranker(section if _kind(section) == kind else RANKERS.section(kind)())
        ranker.restore(run, n_features)
        calibration = IsotonicCurve.from_arrays(run.read_arrays(_CALIBRATION)) if _CALIBRATION in run else None
        return cls(ranker, calibration, facts)


def new_ranker(section: Section) -> Ranker:
    """A ranker that has learned nothing, from its options."""
    return RANKERS.load(_kind(section))(section)


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


def learn_to_rank(training: Judged, held_out: Judged, section: Section, *, rare_weight: float, seed: int) -> Ranking:
    """Fit a ranker, and find out what its probabilities are worth.

    Where hardly a candidate is right (because each label has one document, say), there is nothing to learn: the ranks
    of the sources are fused as they are.

    Args:
        training: what it learns from.
        held_out: what its size is tuned on, and where its scores are none, its probabilities.
        section: the options of the ranker.
        rare_weight: power of the inverse propensity (Jain et al. 2016) that a right candidate weighs; 0 for none.
        seed: of the ranker.

    Returns:
        The ranking. Its facts are ``calibration_error``, on the held-out documents, and ``ranker``: its kind and what
        it found.
    """
    if min(training.right.sum(), held_out.right.sum()) < _FEW_RIGHT:
        section, rare_weight = RANKERS.section(_UNLEARNED)(), 0.0
    ranker = new_ranker(section).fit(_weighted(training, rare_weight), held_out, seed=seed)
    scores, calibration = ranker.score(held_out.candidates), None
    if (not ranker.probabilistic or rare_weight > 0) and len(scores):
        calibration = IsotonicCurve.fit(scores, held_out.right)
        scores = calibration(scores)
    facts = {
        "calibration_error": reliability(scores, held_out.right).ece,
        "ranker": {"kind": _kind(section), **ranker.facts},
    }
    return Ranking(ranker, calibration, facts)


def _kind(section: Section) -> str:
    return section.kind  # type: ignore[attr-defined]


def _weighted(judged: Judged, power: float) -> Judged:
    """The same with right candidates weighing by a power of their inverse propensity."""
    if power == 0:
        return judged
    propensity = judged.candidates.features[:, judged.candidates.names.index("label.propensity")]
    weights = np.where(judged.right, propensity.astype(np.float64) ** -power, 1.0).astype(np.float32)
    return replace(judged, weights=weights)
