"""Scores of lists as probabilities: one curve for all labels, or one for each group by frequency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from manylabel.core.topk import ScoreKind, TopK
from manylabel.decide import CALIBRATORS
from manylabel.decide.calibrators import Calibrator
from manylabel.decide.examples import Examples
from manylabel.decide.section import CalibrationConfig
from manylabel.metrics.groups import GROUPS, groups_of
from manylabel.metrics.reliability import Reliability, reliability

_DEPTH = 5
_FEWEST_HITS = 20
"""A group with fewer true labels in its lists shares the curve of all labels."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Fitted curves.

    Attributes:
        config: the section.
        curves: by name of the group; ``all`` is there always, and serves groups that have no curve of their own.
        kind: what the scores are that it takes.
        cuts: numbers of training documents from which a label is torso and head.
    """

    config: CalibrationConfig
    curves: Mapping[str, Calibrator]
    kind: ScoreKind
    cuts: tuple[int, int]

    @classmethod
    def fit(cls, config: CalibrationConfig, examples: Examples) -> Calibration:
        """Fit the curves on examples; where no label in any list is true, all probabilities are near 0."""
        kind, present = examples.topk.kind, examples.present
        scores, hits = examples.topk.scores[present], examples.hits[present]
        curves = {"all": _new(config, kind).fit(scores, hits)}
        if config.by == "group":
            group = examples.groups[examples.topk.indices[present]]
            for number, name in enumerate(GROUPS):
                own = group == number
                if int(hits[own].sum()) >= _FEWEST_HITS and not hits[own].all():
                    curves[name] = _new(config, kind).fit(scores[own], hits[own])
        return cls(config, curves, kind, examples.cuts)

    def __call__(self, topk: TopK) -> TopK:
        """The same lists in the same order with probabilities for scores.

        Curves of different groups may cross: then probabilities do not fall along a list.
        """
        assert topk.labels is not None
        assert topk.labels.counts is not None
        if topk.kind != self.kind:
            raise ValueError(f"fitted on scores that are a {self.kind}, these are a {topk.kind}")
        probabilities = np.full(topk.scores.shape, -np.inf, np.float32)
        present = topk.indices >= 0
        group = groups_of(topk.labels.counts, self.cuts)[topk.indices]
        for number, name in enumerate(GROUPS):
            own = present & (group == number)
            probabilities[own] = self.curves.get(name, self.curves["all"])(topk.scores[own])
        return TopK(topk.indices, probabilities, "probability", topk.labels)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return {name: curve.to_array() for name, curve in self.curves.items()}

    @classmethod
    def restore(
        cls, config: CalibrationConfig, arrays: Mapping[str, np.ndarray], kind: ScoreKind, cuts: tuple[int, int]
    ) -> Calibration:
        """Read what :meth:`to_arrays` gave.

        Raises:
            KeyError, ValueError: it is not that.
        """
        present = ["all", *(name for name in GROUPS if name in arrays)]
        curves = {name: _new(config, kind).restore(arrays[name]) for name in present}
        return cls(config, curves, kind, cuts)


def reliability_by_group(examples: Examples) -> dict[str, Reliability]:
    """Reliability of the probabilities of the first five labels of each list, under ``all`` and under each group that
    has a label there. (Over whole lists, a thousand labels that are rightly near 0 would hide what is wrong.)"""
    first = examples.with_topk(examples.topk.head(_DEPTH))
    scores, hits = first.topk.scores[first.present], first.hits[first.present]
    group = first.groups[first.topk.indices[first.present]]
    found = {"all": reliability(scores, hits)}
    for number, name in enumerate(GROUPS):
        if (group == number).any():
            found[name] = reliability(scores[group == number], hits[group == number])
    return found


def _new(config: CalibrationConfig, kind: ScoreKind) -> Any:
    return CALIBRATORS.load(config.kind)(kind)
