"""The outcome of a comparison of two runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from manylabel.metrics.by_frequency import BinDifference, frequency_table
from manylabel.metrics.evaluation import Interval
from manylabel.metrics.names import parse_metric
from manylabel.metrics.rendering import align, number, percent


@dataclass(frozen=True)
class Difference:
    """One metric of two runs, over all labels or those of a group. Fractions.

    Attributes:
        metric: its name.
        view: ``all``, or a group.
        a: value of the first run.
        b: value of the second run.
        interval: bootstrap interval of ``b - a``.
        p_value: chance of a difference at least as large, were the runs interchangeable.
        test: how the p-value was found, ``permutation`` or ``bootstrap``.
    """

    metric: str
    view: str
    a: float
    b: float
    interval: Interval
    p_value: float
    test: str

    @property
    def difference(self) -> float:
        """``b - a``."""
        return self.b - self.a

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**vars(self), "interval": list(self.interval), "difference": self.difference}


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same documents, metric by metric.

    Attributes:
        differences: all metrics over all labels, then by group.
        names: what to call the two runs.
        documents: number of documents.
        confidence: of the intervals.
        n_resamples: resamples for the intervals, and random exchanges for the tests.
        seed: of both.
        by_frequency: mean F1 of labels by their number of training documents, the rarest first; none where training
            counts are not known.
    """

    differences: tuple[Difference, ...]
    names: tuple[str, str]
    documents: int
    confidence: float
    n_resamples: int
    seed: int
    by_frequency: tuple[BinDifference, ...] = ()

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.differences)

    def __getitem__(self, key: str | tuple[str, str]) -> Difference:
        """``comparison["P@1"]``, or of a group ``comparison["P@1", "tail"]``."""
        metric, view = (key, "all") if isinstance(key, str) else key
        wanted = str(parse_metric(metric))
        for item in self.differences:
            if (item.metric, item.view) == (wanted, view):
                return item
        raise KeyError(key)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **vars(self),
            "names": list(self.names),
            "differences": [item.to_dict() for item in self.differences],
            "by_frequency": [item.to_dict() for item in self.by_frequency],
        }

    def table(self) -> str:
        """A plain-text table in percent."""
        level = f"{100 * self.confidence:g}%"
        rows = [["metric (%)", "labels", *self.names, "difference", f"{level} interval", "p"]]
        for item in self.differences:
            ends = "..".join(f"{100 * end:+.2f}" for end in item.interval)
            change = f"{100 * item.difference:+.2f}"
            rows.append([item.metric, item.view, percent(item.a), percent(item.b), change, ends, f"{item.p_value:.4f}"])
        remark = (
            f"{number(self.documents)} documents; difference = {self.names[1]} - {self.names[0]}; paired bootstrap and "
            f"paired permutation test, {number(self.n_resamples)} resamples; p not corrected for the number of metrics"
        )
        if not self.by_frequency:
            return f"{align(rows)}\n\n{remark}"
        heading = (
            f"mean F1 (%) of the labels in the test part, by their number of training documents; {level} interval of "
            "the difference over resamples of the labels"
        )
        return f"{align(rows)}\n\n{remark}\n\n{heading}\n\n{frequency_table(self.by_frequency, self.names)}"

    def __str__(self) -> str:
        return self.table()
