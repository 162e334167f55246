"""The axes of charts: what they show, their scales and the numbers on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot
    from matplotlib.axis import Axis

_LEGEND_WIDTH, _ROOM_OF_A_KEY = 56, 7  # characters; a key is the stroke before a name


@dataclass(frozen=True)
class Axes:
    """What a chart shows and how it is measured.

    Attributes:
        title: what the chart is called, for those who cannot see it; a page prints its own caption.
        x: label of the horizontal axis, with its unit.
        y: label of the vertical axis, with its unit.
        description: what the chart says, in a sentence.
        log_x: logarithmic; values of 0 or less are not drawn.
        log_y: logarithmic.
        x_percent: the values are fractions and are written as percentages.
        y_percent: the same for the vertical axis.
        x_range: both ends of the axis; by default those of the data.
        y_range: both ends of the axis.
    """

    title: str
    x: str
    y: str
    description: str = ""
    log_x: bool = False
    log_y: bool = False
    x_percent: bool = False
    y_percent: bool = False
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None


def turned(axes: Axes) -> Axes:
    """The same with its axes exchanged, for bars that lie on their side."""
    return Axes(
        axes.title,
        axes.y,
        axes.x,
        axes.description,
        log_x=axes.log_y,
        x_percent=axes.y_percent,
        x_range=axes.y_range,
    )


def finish(plot: Plot, axes: Axes, *, legend: Sequence[str], whole: bool = False) -> None:
    """Scales, labels, ticks and legend.

    Args:
        plot: with all that is drawn on it.
        axes: what it shows.
        legend: names of the series; a single one needs no legend. It stands above the plot, where it hides nothing.
        whole: all values are counts, so that ticks between whole numbers make no sense.
    """
    plot.set_xlabel(axes.x)
    plot.set_ylabel(axes.y)
    plot.set_xscale("log" if axes.log_x else "linear")
    plot.set_yscale("log" if axes.log_y else "linear")
    for axis, log, in_percent in ((plot.xaxis, axes.log_x, axes.x_percent), (plot.yaxis, axes.log_y, axes.y_percent)):
        _number_ticks(axis, log=log, in_percent=in_percent, whole=whole)
    if axes.x_range is not None:
        plot.set_xlim(*axes.x_range)
    if axes.y_range is not None:
        plot.set_ylim(*axes.y_range)
    plot.tick_params(length=3)
    if len(legend) > 1:
        fits = sum(len(name) + _ROOM_OF_A_KEY for name in legend) <= _LEGEND_WIDTH
        columns = len(legend) if fits else 2
        # Beside the axis labels, too: over the plot alone, long names of bars would leave it too little room.
        place: Any = "outside upper left"  # which the stubs of matplotlib do not know
        plot.figure.legend(loc=place, ncols=columns, handlelength=2.2, columnspacing=1.2, borderaxespad=0.1)


def _number_ticks(axis: Axis, *, log: bool, in_percent: bool, whole: bool) -> None:
    """Whole decades on logarithmic axes, whole numbers for counts, thousands separated, fractions as percentages."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

    low, high = axis.get_data_interval()
    # Within two decades there may be no more than one power of ten.
    steps = (1.0, 2.0, 5.0) if low > 0 and high / low < 100 else (1.0,)
    linear = MaxNLocator(nbins=6, integer=whole and not in_percent)
    axis.set_major_locator(LogLocator(base=10, subs=steps, numticks=8) if log else linear)
    axis.set_minor_formatter(NullFormatter())
    if in_percent:
        axis.set_major_formatter(PercentFormatter(xmax=1.0))
    else:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
