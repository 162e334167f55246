"""Thresholds by group that keep a target of recall or precision, with a guarantee, or say that it cannot be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError
from manylabel.core.topk import TopK
from manylabel.decide.controlled import Controlled, GroupExamples, control
from manylabel.decide.examples import Examples
from manylabel.decide.method import ThresholdMethod, as_sets
from manylabel.decide.methods.risk_control_config import RiskControlConfig
from manylabel.decide.one_threshold import best_micro_f1
from manylabel.decide.targets import EACH, Target
from manylabel.metrics.groups import GROUPS


class RiskControl(ThresholdMethod):
    """A threshold for each group of labels that a target is about.

    Recall falls as the threshold rises, so conformal risk control keeps it in expectation. Precision does not, so
    thresholds are tested one after the other (learn then test, Angelopoulos et al. 2021, with fixed-sequence testing of
    section 3 on a path that a quarter of the documents has chosen); so is recall where a confidence is asked for.
    """

    kind: ClassVar[str] = "risk-control"
    config: RiskControlConfig

    def __init__(self, config: RiskControlConfig) -> None:
        super().__init__(config)
        self._controlled: tuple[Controlled, ...] = ()
        self._groups = np.zeros(0, np.int8)

    def fit(self, examples: Examples) -> Self:
        """See :meth:`Method.fit`.

        Raises:
            InputError: no document has a label that a target is about; the documents are too few, or the model too
                weak, for a target.
        """
        config = self.config
        self._groups = examples.groups[: len(examples.labels)]
        self.common = np.float32(
            {"global": best_micro_f1(examples), "fixed": examples.topk.default_threshold, "never": np.inf}[
                config.otherwise
            ]
        )
        self.thresholds = np.full(len(self._groups), self.common)
        found = []
        for target in self._apart(examples):
            group = GroupExamples.of(examples, target.group)
            result = control(
                group, target, over_documents=config.over == "documents", confidence=config.confidence, seed=config.seed
            )
            found.append(result)
            self.thresholds[self._of(target.group)] = result.threshold
            if target.group is None:
                self.common = np.float32(result.threshold)
        self._controlled = tuple(found)
        return self

    def decide(self, topk: TopK) -> csr_matrix:
        """See :meth:`Method.decide`."""
        chosen = (topk.indices >= 0) & (topk.scores >= self.threshold_of(topk.indices))
        for result in self._controlled:
            if result.most is not None:
                own = chosen & self._concerns(result.target.group, topk.indices)
                chosen &= ~own | (np.cumsum(own, axis=1) <= result.most)
        return as_sets(topk, chosen)

    @property
    def facts(self) -> dict[str, Any]:
        """See :attr:`Method.facts`."""
        return {"targets": [result.to_dict() for result in self._controlled]}

    def to_arrays(self) -> dict[str, np.ndarray]:
        """See :meth:`Method.to_arrays`."""
        return {**super().to_arrays(), "groups": self._groups}

    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """See :meth:`Method.restore`."""
        super().restore(arrays, facts)
        self._groups = arrays["groups"]
        self._controlled = tuple(Controlled.from_dict(item) for item in facts["targets"])
        if self._groups.shape != self.thresholds.shape:
            raise ValueError("groups and thresholds differ in size")

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        lines = [line for result in self._controlled for line in result.describe()]
        if all(result.target.group is not None for result in self._controlled):
            lines.append(f"labels that no target is about: a score of at least {self.common:.4g}, no guarantee")
        return lines

    def _apart(self, examples: Examples) -> list[Target]:
        """The targets, ``each`` as one for every group that has labels in the documents."""
        targets = [Target.parse(text) for text in self.config.targets]
        if targets[0].group != EACH:
            return targets
        present = np.unique(examples.groups[examples.positives > 0])
        predicted = np.unique(self._groups[examples.topk.indices[examples.present]])
        names = [name for number, name in enumerate(GROUPS) if number in present and number in predicted]
        if not names:
            raise InputError("no group of labels is both in the documents and in the lists")
        return [Target(name, targets[0].measure, targets[0].level) for name in names]

    def _of(self, group: str | None) -> np.ndarray:
        return np.full(len(self._groups), True) if group is None else self._groups == GROUPS.index(group)

    def _concerns(self, group: str | None, labels: np.ndarray) -> np.ndarray:
        """Which listed labels a target is about; new ones are about none but that of all labels."""
        return np.append(self._of(group), group is None)[np.where(labels < len(self._groups), labels, -1)]
