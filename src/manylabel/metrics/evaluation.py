"""The outcome of an evaluation: values, groups, intervals, labels, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from manylabel.metrics.groups import check_cuts, describe
from manylabel.metrics.label_table import LabelTable
from manylabel.metrics.names import parse_metric
from manylabel.metrics.rendering import align, number, percent, percent_range
from manylabel.metrics.sample import Sample
from manylabel.metrics.settings import Settings

Interval = tuple[float, float]


@dataclass(frozen=True)
class GroupResult:
    """One group of labels.

    Attributes:
        labels: number of its labels.
        labels_in_test: of these, labels with a document in the test.
        documents: documents with a true label of the group.
        positives: true (document, label) pairs with its labels.
        values: fractions by metric; None for all of them where the test has no label of the group.
        intervals: by metric, where there is a value.
    """

    labels: int
    labels_in_test: int
    documents: int
    positives: int
    values: Mapping[str, float | None]
    intervals: Mapping[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the metrics by name beside the counts."""
        return {
            **self.values,
            "labels": self.labels,
            "labels_in_test": self.labels_in_test,
            "documents": self.documents,
            "positives": self.positives,
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
        }


@dataclass(frozen=True)
class Basis:
    """What the values rest on.

    Attributes:
        documents: number of documents measured.
        documents_without_labels: number of documents without a true label, left out or not as `Settings.empty` says.
        labels: number of labels, those of the model and those that only the test part has.
        labels_in_test: number of labels with a document in the test.
        positives: number of true (document, label) pairs.
        unseen_labels: labels in the test without a training document; None where training counts are not known.
        unseen_positives: true pairs with such labels, all of them misses of a model that cannot predict them.
        dropped_labels: pairs that were dropped on reading because the label was not known; they are not in the score.
        training_documents: number of training documents behind the training counts, where known.
        k: length of the lists.
        label_sets: how label sets were made: ``score >= 0.5``, ``top 5``, ``given``, or by which decision.
        cut_sets: label sets that a threshold might have made longer, had the list not ended.
    """

    documents: int
    documents_without_labels: int
    labels: int
    labels_in_test: int
    positives: int
    unseen_labels: int | None
    unseen_positives: int | None
    dropped_labels: int
    training_documents: int | None
    k: int
    label_sets: str
    cut_sets: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of predictions on a corpus.

    Attributes:
        values: fractions by metric, under the names of :data:`manylabel.metrics.METRICS` with their cuts.
        intervals: bootstrap intervals by metric, empty where none were asked for.
        groups: by ``head``, ``torso``, ``tail``, ``unseen``; empty where not asked for.
        label_table: label by label.
        basis: counts and conditions.
        settings: the options.
        sample: what a comparison resamples.
        truth_sizes: int64 ``[documents]``, number of true labels of each document, as they follow in `sample.truth`.
    """

    values: Mapping[str, float]
    intervals: Mapping[str, Interval]
    groups: Mapping[str, GroupResult]
    label_table: LabelTable = field(repr=False)
    basis: Basis
    settings: Settings
    sample: Sample = field(repr=False)
    truth_sizes: np.ndarray = field(repr=False)

    def __getitem__(self, metric: str) -> float:
        """The value of a metric, in any case: ``evaluation["p@1"]``.

        Raises:
            ConfigError: no such metric.
            KeyError: it was not evaluated.
        """
        return self.values[str(parse_metric(metric))]

    def to_dict(self, *, labels: bool = False) -> dict[str, Any]:
        """JSON-ready: the metrics as fractions by name, and beside them, in lower case, all they rest on.

        Args:
            labels: also the label-wise table, under ``label_table``.
        """
        settings, basis = self.settings, self.basis
        result: dict[str, Any] = {
            **self.values,
            **vars(basis),
            "lower_bounds": self.lower_bounds,
            "empty": settings.empty,
            "cuts": list(settings.cuts),
            "propensity": {"a": settings.propensity_a, "b": settings.propensity_b},
            "confidence": settings.confidence,
            "n_bootstrap": settings.n_bootstrap,
            "seed": settings.seed,
            "intervals": {name: list(ends) for name, ends in self.intervals.items()},
            "groups": {name: group.to_dict() for name, group in self.groups.items()},
        }
        if labels:
            result["label_table"] = list(self.label_table.rows())
        return result

    @property
    def lower_bounds(self) -> list[str]:
        """Metrics that would be higher, or the same, on the scores of all labels: the lists hold fewer."""
        return list(self.settings.lower_bounds) if self.basis.k < self.basis.labels else []

    def table(self) -> str:
        """A plain-text table in percent, with a line for each thing the values rest on."""
        level = f"{100 * self.settings.confidence:g}%"
        heading = ["metric (%)", "all", *([f"{level} interval"] if self.intervals else []), *self.groups]
        rows = [heading]
        for name, value in self.values.items():
            ends = [percent_range(self.intervals.get(name))] if self.intervals else []
            rows.append([name, percent(value), *ends, *(percent(group.values[name]) for group in self.groups.values())])
        blank = [""] * bool(self.intervals)
        if self.groups:
            members = self.groups.values()
            basis = self.basis
            rows.append(
                ["test labels", number(basis.labels_in_test), *blank, *(number(g.labels_in_test) for g in members)]
            )
            rows.append(["test positives", number(basis.positives), *blank, *(number(g.positives) for g in members)])
        return "\n".join([align(rows), "", *self.remarks()])

    def remarks(self) -> list[str]:
        """What the values rest on, a line each."""
        basis, settings = self.basis, self.settings
        fate = "left out" if settings.empty == "skip" else "counted"
        lines = [
            f"{number(basis.documents)} documents"
            + (
                f", {number(basis.documents_without_labels)} without labels {fate}"
                * bool(basis.documents_without_labels)
            )
            + f"; {number(basis.labels)} labels; label sets: {basis.label_sets}; lists of {basis.k}"
        ]
        if self.groups:
            said = ", ".join(f"{name} {text}" for name, text in describe(check_cuts(settings.cuts)).items())
            lines.append(f"groups by training documents of the label: {said}")
        if settings.wants_weights:
            lines.append(f"propensities: A = {settings.propensity_a:g}, B = {settings.propensity_b:g}")
        if basis.unseen_positives:
            lines.append(
                f"{number(basis.unseen_positives)} positives of {number(basis.unseen_labels or 0)} labels that "
                "training never saw count as truth"
            )
        if basis.dropped_labels:
            lines.append(f"{number(basis.dropped_labels)} positives of unknown labels were dropped on reading")
        if basis.cut_sets:
            lines.append(f"{number(basis.cut_sets)} label sets end with the list of {basis.k}: predict with a larger k")
        if self.lower_bounds:
            lines.append(f"lower bounds, as lists hold {basis.k} labels only: {', '.join(self.lower_bounds)}")
        return lines

    def __str__(self) -> str:
        return self.table()
