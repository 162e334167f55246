"""Everything from which each metric can be computed again on a resample of the documents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from manylabel.metrics.cells import Cells, join
from manylabel.metrics.curves import RankedCells
from manylabel.metrics.label_sums import LabelEvents
from manylabel.metrics.metric import Metric, divide
from manylabel.metrics.names import MetricName

ALL = "all"
"""Name of the view through all labels, beside those of the groups."""

Statistics = dict[tuple[str, str], np.ndarray]
"""float64 ``[R]`` by view (``all`` or a group) and metric; NaN where a resample leaves the metric undefined."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The measured documents, in units (documents or blocks of them, see :mod:`manylabel.metrics.intervals`).

    Attributes:
        units: number of units.
        views: ``all``, followed by the groups, if any.
        metrics: the metrics asked for.
        columns: (view, metric) of each column of the next two.
        numerators: float64 ``[units, columns]``, sums over the documents of a unit.
        denominators: float64 ``[units, columns]``, likewise.
        truth: the true (unit, label) pairs.
        assigned: the (unit, label) pairs of the label sets.
        correct: bool, which of `assigned` are true.
        hits: the (unit, label) pairs of the lists that are true, where a metric needs them.
        rank: int32, 1-based position in the list of each of `hits`.
        ranked: the pairs of the lists with their scores, where a metric needs them.
        trained: bool ``[L]``, labels with training documents (all labels of the model where counts are not known).
        group: int8 ``[L]``, group of each label, all 0 without groups.
    """

    units: int
    views: tuple[str, ...]
    metrics: tuple[tuple[MetricName, Metric], ...]
    columns: tuple[tuple[str, str], ...]
    numerators: np.ndarray
    denominators: np.ndarray
    truth: Cells
    assigned: Cells
    correct: np.ndarray
    hits: Cells
    rank: np.ndarray
    ranked: RankedCells | None
    trained: np.ndarray
    group: np.ndarray

    def statistics(self, weights: np.ndarray, *, curves: bool = True) -> Statistics:
        """Every metric in every view, on resamples.

        Args:
            weights: uint8 ``[C, units, B]``: how often each unit occurs in each of ``C * B`` resamples.
            curves: also the areas under curves.
        """
        found = self._ratios(weights)
        sums: dict[int | None, list] = {}
        for name, metric in self.metrics:
            values: np.ndarray | list[np.ndarray] = []
            if metric.kind == "labels":
                if name.k not in sums:
                    sums[name.k] = self._events[name.k].sums(weights)
                values = [metric(view) for view in sums[name.k]]
            elif metric.kind == "curve" and curves:
                values = metric(self.ranked, weights)
            found.update({(view, str(name)): value for view, value in zip(self.views, values, strict=False)})
        return found

    def _ratios(self, weights: np.ndarray) -> Statistics:
        above, below = [], []
        for chunk in weights:
            times = chunk.T.astype(np.float64)
            above.append(times @ self.numerators)
            below.append(times @ self.denominators)
        values = divide(np.concatenate(above), np.concatenate(below), np.nan)
        return {column: values[:, i] for i, column in enumerate(self.columns)}

    @cached_property
    def _events(self) -> dict[int | None, LabelEvents]:
        """By cut: None for the label sets, k for the hits among the first k."""
        nothing = Cells(np.zeros(0, np.int32), np.zeros(0, np.int32))
        n_groups = max(1, len(self.views) - 1)
        events: dict[int | None, LabelEvents] = {}
        for cut in {name.k for name, metric in self.metrics if metric.kind == "labels"}:
            if cut is None:
                correct, wrong = self.assigned.where(self.correct), self.assigned.where(~self.correct)
            else:
                correct, wrong = self.hits.where(self.rank <= cut), nothing
            events[cut] = LabelEvents(self.truth, correct, wrong, self.trained, self.group, n_groups)
        return events

    def joined(self, other: Sample) -> Sample:
        """The units of both, one after the other; metrics, views and labels must be the same."""
        units = self.units
        ranked = None
        if self.ranked is not None and other.ranked is not None:
            ranked = self.ranked.joined(other.ranked, units)
        return replace(
            self,
            units=units + other.units,
            numerators=np.concatenate([self.numerators, other.numerators]),
            denominators=np.concatenate([self.denominators, other.denominators]),
            truth=join(self.truth, other.truth, units),
            assigned=join(self.assigned, other.assigned, units),
            correct=np.concatenate([self.correct, other.correct]),
            hits=join(self.hits, other.hits, units),
            rank=np.concatenate([self.rank, other.rank]),
            ranked=ranked,
        )

    def restricted(self, names: Collection[str]) -> Sample:
        """The same sample for some of the metrics, in the order of `names`."""
        chosen = {str(name): (name, metric) for name, metric in self.metrics}
        place = {column: i for i, column in enumerate(self.columns)}
        columns = [(view, name) for view in self.views for name in names if (view, name) in place]
        kept = [place[column] for column in columns]
        return replace(
            self,
            metrics=tuple(chosen[name] for name in names),
            columns=tuple(columns),
            numerators=self.numerators[:, kept],
            denominators=self.denominators[:, kept],
        )

    def relabelled(self, mapping: np.ndarray) -> Sample:
        """The same sample with label ``i`` called ``mapping[i]``, a permutation, int32 ``[L]``."""

        def rename(cells: Cells) -> Cells:
            return Cells(cells.unit, mapping[cells.label])

        back = np.empty_like(mapping)
        back[mapping] = np.arange(len(mapping), dtype=mapping.dtype)
        ranked = self.ranked
        if ranked is not None:
            ranked = replace(
                ranked, predicted=rename(ranked.predicted), truth=rename(ranked.truth), group=self.group[back]
            )
        return replace(
            self,
            truth=rename(self.truth),
            assigned=rename(self.assigned),
            hits=rename(self.hits),
            ranked=ranked,
            trained=self.trained[back],
            group=self.group[back],
        )
