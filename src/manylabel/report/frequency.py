"""Charts of what happens to labels as they become rare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from manylabel.metrics.by_frequency import BinDifference, FrequencyBin
from manylabel.report.charts import Axes, Series, bar_chart, line_chart

_TRAINING = "training documents of the label"


def quality_chart(bins: Sequence[FrequencyBin], measures: Sequence[str] = ("recall", "precision", "F1")) -> str:
    """Mean precision, recall and F1 by number of training documents; labels that training never saw have no place.

    Args:
        bins: the rarest first.
        measures: which of :data:`manylabel.metrics.by_frequency.MEASURES`.
    """
    seen = [one for one in bins if one.low > 0]
    series = []
    for name in measures:
        ends = [one.intervals.get(name, (float("nan"), float("nan"))) for one in seen]
        values = [one.values[name] for one in seen]
        series.append(Series(name, _middles(seen), values, [low for low, _ in ends], [high for _, high in ends]))
    said = ", ".join(f"{one.name}: F1 {100 * one.values['F1']:.0f}%" for one in seen)
    axes = _axes("How good labels are by number of training documents", "mean over labels", said)
    return line_chart(axes, series)


def counts_chart(bins: Sequence[FrequencyBin]) -> str:
    """How many labels of the test part have how many training documents, and how many are never predicted."""
    series = {
        "predicted at least once": [one.labels - one.never for one in bins],
        "never predicted": [one.never for one in bins],
    }
    said = ", ".join(f"{one.name}: {one.never} of {one.labels} never predicted" for one in bins)
    axes = Axes("Labels by number of training documents", _TRAINING, "labels in the test part", said)
    return bar_chart(axes, [one.name for one in bins], series, stacked=True)


def comparison_chart(bins: Mapping[str, Sequence[tuple[BinDifference, float]]]) -> str:
    """Mean F1 by number of training documents of several runs.

    Args:
        bins: by name of the run, its bins with its mean F1, the rarest first.
    """
    series = []
    for name, values in bins.items():
        seen = [(one, value) for one, value in values if one.low > 0]
        series.append(Series(name, _middles([one for one, _ in seen]), [value for _, value in seen]))
    said = f"mean F1 of {', '.join(bins)}"
    return line_chart(_axes("Mean F1 by number of training documents", "mean F1 of the labels", said), series)


def label_counts_chart(counts: np.ndarray) -> str:
    """Training documents of each label, the most frequent first.

    Args:
        counts: int ``[L]``.
    """
    ordered = np.sort(counts[counts > 0])[::-1]
    # A few hundred points are enough for a curve; its ends and the turns between them are kept.
    ranks = np.unique(np.geomspace(1, len(ordered), 200).round().astype(int)) if len(ordered) else np.zeros(0, int)
    said = f"from {ordered[0]:,} training documents down to {ordered[-1]:,}" if len(ordered) else "no labels"
    axes = Axes("Labels by frequency", "rank of the label", "training documents", said, log_x=True, log_y=True)
    points = Series("labels", ranks.tolist(), ordered[ranks - 1].tolist())
    return line_chart(axes, [points], markers=False)


def _axes(title: str, y: str, said: str) -> Axes:
    return Axes(title, _TRAINING, y, said, log_x=True, y_percent=True, y_range=(0.0, 1.0))


def _middles(bins: Sequence[FrequencyBin] | Sequence[BinDifference]) -> list[float]:
    """Where bins stand on a logarithmic axis."""
    return [float((one.low * one.high) ** 0.5) for one in bins]
