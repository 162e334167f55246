"""A threshold for each label: SCut with the FBR rule."""

from __future__ import annotations

from typing import ClassVar, Self

from manylabel.decide.examples import Examples
from manylabel.decide.label_lists import LabelLists, best_by_label
from manylabel.decide.method import OwnThresholds
from manylabel.decide.methods.per_label_config import FALLBACKS, PerLabelConfig
from manylabel.decide.one_threshold import best_micro_f1


class PerLabel(OwnThresholds):
    """The threshold of the largest F1 of each label (SCut), except where that F1 is so low that it means nothing (FBR).

    Source: Yang 2001 (SCut); Lewis et al. 2004, Fan and Lin 2007 (FBR). A label whose documents were not found at all,
    or with a best F1 of at most `fbr`, gets the threshold that `fallback` says: the highest score that the label had
    (Fan and Lin's choice for macro-F1) is far too low where the label was never learned, as a margin near -1.
    """

    kind: ClassVar[str] = "per-label"
    config: PerLabelConfig

    def fit(self, examples: Examples) -> Self:
        """See :meth:`Method.fit`."""
        lists = LabelLists.of(examples)
        thresholds, f1 = best_by_label(lists.indptr, lists.scores, lists.hits, examples.positives[: len(lists)])
        self.common = best_micro_f1(examples)
        poor = f1 <= self.config.fbr
        thresholds[poor] = lists.fallback(self.config.fallback, self.common)[poor]
        self.thresholds, self.own = thresholds, int((~poor).sum())
        return self

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        return [
            f"a threshold of its own for {self.own:,} of {len(self.thresholds):,} labels; the others, whose best F1 "
            f"is not above {self.config.fbr:g}: {FALLBACKS[self.config.fallback].format(common=self.common)}"
        ]
