"""Charts of a run's scores and of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from manylabel.metrics.reliability import Reliability, reliability
from manylabel.report.charts import Axes, Series, line_chart, reliability_chart
from manylabel.report.run.measured import Measured

_MOST_CURVES = 4


def reliability_of(measured: Measured, depth: int = 5) -> Reliability | None:
    """Scores of the first labels of each document beside what is true; None where scores are no probabilities.

    Args:
        measured: predictions.
        depth: labels of each document that count; further down nearly all scores are close to 0 and right to be.
    """
    topk = measured.topk
    if topk.kind != "probability":
        return None
    listed = topk.indices[:, :depth] >= 0
    return reliability(topk.scores[:, :depth][listed], measured.hits[:, :depth][listed])


def calibration_chart(found: Reliability) -> str:
    """The reliability diagram."""
    said = f"expected calibration error {100 * found.ece:.1f} %"
    axes = Axes(
        "Score and share of right labels",
        "mean score",
        "share of right labels",
        said,
        x_percent=True,
        y_percent=True,
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
    )
    means, shares = np.nan_to_num(found.means), np.nan_to_num(found.shares)
    return reliability_chart(axes, means.tolist(), shares.tolist(), found.counts.tolist())


def learning_curves(history: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Names and charts of what was measured after each epoch, in training and in validation.

    Args:
        history: the lines of a run's history; those of epochs have the numbers of ``train`` and ``validation``.
    """
    epochs = [line for line in history if line.get("stage") == "epoch"]
    names = list(
        dict.fromkeys(
            name
            for line in epochs
            for part in ("train", "validation")
            for name, value in (line.get(part) or {}).items()
            if isinstance(value, (int, float))
        )
    )
    charts = []
    for name in names[:_MOST_CURVES]:
        series = []
        for part in ("train", "validation"):
            points = [(line["epoch"], line[part][name]) for line in epochs if name in (line.get(part) or {})]
            if points:
                series.append(Series(part, [x for x, _ in points], [y for _, y in points]))
        last = ", ".join(f"{one.name} {one.y[-1]:.4g}" for one in series)
        charts.append((name, line_chart(Axes(name, "epoch", name, f"after the last epoch: {last}"), series)))
    return charts
