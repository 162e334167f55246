"""What puts candidates in order: a ranker that was fitted, and the probabilities of its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from manylabel.combine import RANKERS
from manylabel.combine.calibration import Calibration, calibration_error
from manylabel.combine.candidates import Candidates
from manylabel.combine.contributions import contributions
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.source import Source
from manylabel.core.config import Section
from manylabel.core.labels import LabelSpace
from manylabel.core.run_directory import RunDirectory, RunWriter

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
    calibration: Calibration | None
    facts: Mapping[str, Any]

    @classmethod
    def learn(cls, judged: Judged, section: Section, *, held_out: float, rare_weight: float, seed: int) -> Ranking:
        """Fit a ranker, and find out what its probabilities are worth.

        Where hardly a candidate is right (each label has one document, say), there is nothing to learn: the sources'
        ranks are fused as they are.

        Args:
            judged: candidates to learn from.
            section: the options of the ranker.
            held_out: share of the documents that its size is tuned on.
            rare_weight: power of the inverse propensity that right candidates weigh in its loss.
            seed: of what is drawn.
        """
        training, other = part(judged, held_out, seed)
        if min(training.right.sum(), other.right.sum()) < _FEW_RIGHT:
            section, rare_weight = RANKERS.section(_UNLEARNED)(), 0.0
        ranker = new_ranker(section).fit(_weighted(training, rare_weight), other, seed=seed)
        scores, calibration = ranker.score(other.candidates), None
        if (not ranker.probabilistic or rare_weight > 0) and len(scores):
            calibration = Calibration.fit(scores, other.right)
            scores = calibration(scores)
        n = len(judged.candidates)
        facts = {
            "documents": n,
            "candidates_per_document": len(judged.candidates.labels) / n,
            "calibration_error": calibration_error(scores, other.right),
            "ranker": {"kind": _kind(section), **ranker.facts},
        }
        return cls(ranker, calibration, facts)

    def with_contributions(
        self,
        judged: Judged,
        sources: Mapping[str, Source],
        section: Section,
        labels: LabelSpace,
        *,
        held_out: float,
        seed: int,
    ) -> Ranking:
        """The same, and among its facts what each source adds; see :func:`contributions`.

        Args:
            judged: as given to :meth:`learn`; `section`, `held_out` and `seed` likewise.
            sources: by name, in the order of the candidates' columns.
            labels: with the number of training documents of each.
        """
        training, other = part(judged, held_out, seed)
        added = contributions(sources, training, other, lambda: new_ranker(section), labels, seed=seed)
        return replace(self, facts={**self.facts, "sources": added})

    def score(self, candidates: Candidates) -> np.ndarray:
        """The probability of each candidate, float32."""
        scores = self.ranker.score(candidates)
        return scores if self.calibration is None else self.calibration(scores)

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
        calibration = Calibration.from_arrays(run.read_arrays(_CALIBRATION)) if _CALIBRATION in run else None
        return cls(ranker, calibration, facts)


def new_ranker(section: Section) -> Ranker:
    """A ranker that has learned nothing, from its options."""
    return RANKERS.load(_kind(section))(section)


def part(judged: Judged, held_out: float, seed: int) -> tuple[Judged, Judged]:
    """Documents to learn from, and the share that is held out, drawn at random; at least one of the latter."""
    n = len(judged.candidates)
    order = np.random.default_rng(seed).permutation(n)
    kept = max(1, round(n * held_out))
    return judged.select(np.sort(order[kept:])), judged.select(np.sort(order[:kept]))


def _kind(section: Section) -> str:
    return section.kind  # type: ignore[attr-defined]


def _weighted(judged: Judged, power: float) -> Judged:
    """The same with right candidates weighing by a power of their inverse propensity."""
    if power == 0:
        return judged
    propensity = judged.candidates.features[:, judged.candidates.names.index("label.propensity")]
    weights = np.where(judged.right, propensity.astype(np.float64) ** -power, 1.0).astype(np.float32)
    return replace(judged, weights=weights)
