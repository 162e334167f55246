"""Thresholds label by label from the most frequent one on, with micro- and macro-F1 in view."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.decide.examples import Examples
from manylabel.decide.label_lists import LabelLists, threshold_after
from manylabel.decide.method import OwnThresholds
from manylabel.decide.methods.per_frequency_config import PerFrequencyConfig
from manylabel.decide.methods.per_label_config import FALLBACKS
from manylabel.decide.one_threshold import best_micro_f1


class PerFrequency(OwnThresholds):
    """The micro-macro sweep by label frequency.

    Labels are taken in order of falling frequency. The threshold of the j-th is the one with the largest sum of the
    micro-F1 over the labels so far (those before as they were decided) and of its own F1 divided by j. Source: Lin et
    al. 2023 (On the Thresholding Strategy for Infrequent Labels in Multi-label Classification), as in LibMultiLabel's
    ``thresholding``; there the mean of three folds' thresholds is taken, here one threshold over the scores of all
    folds. A label that was not found at all gets the threshold that `fallback` says; see :class:`PerLabel`.
    """

    kind: ClassVar[str] = "per-frequency"
    config: PerFrequencyConfig

    def fit(self, examples: Examples) -> Self:
        """See :meth:`Method.fit`."""
        lists = LabelLists.of(examples)
        positives = examples.positives[: len(lists)]
        order = np.argsort(-positives, kind="stable")
        self.common = best_micro_f1(examples)
        swept, own = _sweep(lists.indptr, lists.scores, lists.hits, positives, order, self.config.macro_weight)
        self.thresholds = np.where(own, swept, lists.fallback(self.config.fallback, self.common))
        self.own = int(own.sum())
        return self

    def describe(self) -> list[str]:
        """See :meth:`Method.describe`."""
        return [
            f"a threshold of its own for {self.own:,} of {len(self.thresholds):,} labels, swept from the most "
            f"frequent one; labels that were never found: "
            f"{FALLBACKS[self.config.fallback].format(common=self.common)}"
        ]


@compiled
def _sweep(
    indptr: np.ndarray,
    scores: np.ndarray,
    hits: np.ndarray,
    positives: np.ndarray,
    order: np.ndarray,
    macro_weight: float,
) -> tuple[np.ndarray, np.ndarray]:
    """float32 ``[L]`` thresholds; bool ``[L]``, whether the label has one of its own."""
    thresholds = np.full(len(positives), np.float32(np.inf))
    own = np.zeros(len(positives), np.bool_)
    found_before, size_before = 0, 0  # correct assignments; assignments and true labels together
    for rank in range(len(order)):
        label = order[rank]
        start, end = indptr[label], indptr[label + 1]
        size_before += positives[label]
        best, best_found, best_accepted = 0.0, 0, 0
        if size_before:
            best = 2.0 * found_before / size_before
        found = 0
        for i in range(end - start):
            found += hits[start + i]
            if start + i + 1 < end and scores[start + i + 1] == scores[start + i]:
                continue
            micro = 2.0 * (found_before + found) / (size_before + i + 1)
            macro = 2.0 * found / (i + 1 + positives[label]) / (rank + 1)
            if found and micro + macro_weight * macro > best:
                best, best_found, best_accepted = micro + macro_weight * macro, found, i + 1
        if found:
            thresholds[label], own[label] = threshold_after(scores[start:end], best_accepted), True
            found_before += best_found
            size_before += best_accepted
    return thresholds, own
