"""Precision, recall and F1 of labels by their number of training documents, finer than head, torso and tail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from manylabel.metrics.evaluation import Interval
from manylabel.metrics.intervals import bootstrap_weights, interval
from manylabel.metrics.label_table import LabelTable
from manylabel.metrics.rendering import align, number, percent

MEASURES = ("precision", "recall", "F1")
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class FrequencyBin:
    """Labels that occur in the test part, with about as many training documents each.

    Attributes:
        low: fewest training documents.
        high: most training documents.
        labels: number of labels.
        positives: true (document, label) pairs with them.
        never: labels of these that are assigned to no document at all.
        values: mean over the labels, as fractions, by name of :data:`MEASURES`.
        intervals: bootstrap intervals of the means over resamples of the labels; none for a single label.
    """

    low: int
    high: int
    labels: int
    positives: int
    never: int
    values: Mapping[str, float]
    intervals: Mapping[str, Interval]

    @property
    def name(self) -> str:
        """``5-9``."""
        return name_of(self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        intervals = {name: list(ends) for name, ends in self.intervals.items()}
        return {**vars(self), "values": dict(self.values), "intervals": intervals}


@dataclass(frozen=True)
class BinDifference:
    """The mean F1 of the labels of one bin under two runs, as fractions.

    Attributes:
        low: fewest training documents.
        high: most training documents.
        labels: number of labels.
        a: of the first run.
        b: of the second run.
        interval: bootstrap interval of ``b - a`` over resamples of the labels; None for a single label.
    """

    low: int
    high: int
    labels: int
    a: float
    b: float
    interval: Interval | None

    @property
    def name(self) -> str:
        """``5-9``."""
        return name_of(self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        ends = None if self.interval is None else list(self.interval)
        return {**vars(self), "interval": ends, "difference": self.b - self.a}


def by_frequency(
    table: LabelTable, *, confidence: float = 0.95, n_resamples: int = 1000, seed: int = 0
) -> list[FrequencyBin]:
    """Bins of labels, the rarest first; bins without labels are left out.

    Every label that occurs in the test part counts alike, whatever its number of test documents.

    Args:
        table: label by label.
        confidence: of the intervals.
        n_resamples: of the labels of each bin; 0 for no intervals.
        seed: of the resamples.

    Returns:
        The bins, none where training counts are not known.
    """
    columns = {"precision": table.precision, "recall": table.recall, "F1": table.f1}
    never = (table.tp + table.fp) == 0
    found = []
    for low, high, members in _bins(table):
        intervals = {}
        if len(members) > 1 and n_resamples:
            weights = bootstrap_weights(len(members), n_resamples, seed)
            for name, values in columns.items():
                intervals[name] = _interval(values[members], weights, n_resamples, confidence, (0.0, 1.0))
        found.append(
            FrequencyBin(
                low=low,
                high=high,
                labels=len(members),
                positives=int(table.support[members].sum()),
                never=int(never[members].sum()),
                values={name: float(values[members].mean()) for name, values in columns.items()},
                intervals=intervals,
            )
        )
    return found


def differences_by_frequency(
    a: LabelTable, b: LabelTable, *, confidence: float, n_resamples: int, seed: int
) -> tuple[BinDifference, ...]:
    """Mean F1 by bin of two runs over the same labels, in any order, and the difference, label by label.

    Args:
        a: of the first run.
        b: of the second run, with the same labels, truth and training counts.
        confidence: of the intervals.
        n_resamples: of the labels of each bin, at least 1.
        seed: of the resamples.
    """
    place = np.fromiter((b.labels.index(name) for name in a.labels.names), np.int64, len(a))
    left, right = a.f1, b.f1[place]
    found = []
    for low, high, members in _bins(a):
        ends = None
        if len(members) > 1:
            weights = bootstrap_weights(len(members), n_resamples, seed)
            ends = _interval((right - left)[members], weights, n_resamples, confidence, (-1.0, 1.0))
        means = float(left[members].mean()), float(right[members].mean())
        found.append(BinDifference(low, high, len(members), *means, ends))
    return tuple(found)


def frequency_table(bins: Sequence[BinDifference], names: tuple[str, str]) -> str:
    """A plain-text table in percent, with a bar for each run."""
    rows = [["training documents", "labels", *names, "difference", "interval", ""]]
    longest = max([one.a for one in bins] + [one.b for one in bins], default=0.0) or 1.0
    lines = []
    for one in bins:
        ends = "-" if one.interval is None else "..".join(f"{100 * end:+.2f}" for end in one.interval)
        cells = [percent(one.a), percent(one.b), f"{100 * (one.b - one.a):+.2f}", ends]
        rows.append([one.name, number(one.labels), *cells, ""])
        lines.append((bar(one.a / longest), bar(one.b / longest)))
    heading, rule, *body = align(rows).splitlines()
    width = max(map(len, body), default=0)
    drawn = []
    for line, (first, second) in zip(body, lines, strict=True):
        drawn += [f"{line.ljust(width)}  │{first}", f"{' ' * width}  │{second}"]
    return "\n".join([heading, rule, *drawn])


def bar(share: float, width: int = 24) -> str:
    """A bar of blocks, to an eighth of a character."""
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def name_of(low: int, high: int) -> str:
    """What a bin is called: ``1``, ``5-9``, ``1,000-1,999``."""
    return number(low) if low == high else f"{number(low)}-{number(high)}"


def _bins(table: LabelTable) -> Iterator[tuple[int, int, np.ndarray]]:
    """Fewest and most training documents, and the labels int64 ``[m]`` that occur in the test part."""
    if table.training is None:
        return
    occurring = np.flatnonzero(table.support > 0)
    counts = table.training[occurring]
    edges = _edges(int(counts.max(initial=0)))
    place = np.searchsorted(edges, counts, side="right") - 1
    for number_of_bin in np.unique(place).tolist():
        members = occurring[place == number_of_bin]
        yield int(edges[number_of_bin]), int(edges[number_of_bin + 1]) - 1, members


def _edges(most: int) -> np.ndarray:
    """0, then 1, 2 and 5 times the powers of ten, beyond `most`: where each bin begins."""
    edges, decade = [0], 1
    while edges[-1] <= most:
        edges += [step * decade for step in _STEPS]
        decade *= 10
    return np.array(edges)


def _interval(
    values: np.ndarray, weights: np.ndarray, n_resamples: int, confidence: float, bounds: tuple[float, float]
) -> Interval:
    """Interval of the mean of values ``[m]``, given how often each occurs in resamples ``[C, m, B]``."""
    means = np.concatenate([values @ part for part in weights])[:n_resamples] / len(values)
    found = interval(float(values.mean()), means, confidence, bounds)
    assert found is not None
    return found
