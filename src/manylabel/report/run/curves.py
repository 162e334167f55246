"""Charts of a run's scores and of its training."""

from __future__ import annotations

import numpy as np

from manylabel.metrics.reliability import Reliability, reliability
from manylabel.report.charts import Axes, Series, line_chart, reliability_chart
from manylabel.report.run.measured import Measured
from manylabel.runs.curves import LOSSES, Curves, Side

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


def learning_curves(curves: Curves | None) -> list[tuple[str, str]]:
    """Names and charts of what was measured after each epoch, in training and in validation: the loss and metrics.

    Args:
        curves: as the run recorded them; None for a training without epochs.
    """
    if curves is None:
        return []
    leading = curves.leading()
    metrics = [*([leading] if leading else []), *curves.metrics("validation"), *curves.metrics("train")]
    charts = []
    for name in list(dict.fromkeys(["loss", *metrics])):
        series = []
        sides: tuple[Side, ...] = ("train", "validation")
        for side in sides:
            points = curves.series(side, name)
            if points:
                series.append(Series(side, [epoch for epoch, _ in points], [value for _, value in points]))
        if series and len(charts) < _MOST_CURVES:
            last = ", ".join(f"{one.name} {one.y[-1]:.4g}" for one in series)
            axes = Axes(name, "epoch", name, f"after the last epoch: {last}", y_percent=name not in LOSSES)
            charts.append((name, line_chart(axes, series)))
    return charts
