"""Charts as inline SVG, in the colours of the page: lines, bars, histograms, points with intervals, heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manylabel.report.svg import FONT_SIZE, HEIGHT, MUTED, PAGE, SERIES, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot
    from matplotlib.axis import Axis

_MARKERS = "osD^vP"
_DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)), (0, (8, 3)), (0, (3, 3)))
_HATCHES = ("", "//", "..", "\\\\", "xx", "oo")
_DARKEST_CELL = 0.6  # of the series colour: the cell's number stays readable on it, in light and dark


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


@dataclass(frozen=True)
class Series:
    """Points ``[m]`` of one series.

    Attributes:
        name: for the legend; an only series needs none.
        x: horizontal values.
        y: vertical values; NaN leaves a gap.
        low: lower ends of the intervals of `y`, where there are any.
        high: upper ends.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


def line_chart(axes: Axes, series: Sequence[Series], *, markers: bool = True) -> str:
    """Lines, told apart by colour, dash and marker; intervals are bands.

    Args:
        axes: what it shows.
        series: at most six.
        markers: mark the points; without, for curves of very many.

    Raises:
        ValueError: no series, or more than six.
        MissingExtraError: matplotlib is not installed.
    """
    _check(series)
    with drawing(axes.title, axes.description or _said(axes)) as drawn:
        for number, one in enumerate(series):
            style: Any = {"color": SERIES[number], "linestyle": _DASHES[number], "label": one.name, "linewidth": 1.8}
            marker = _MARKERS[number] if markers else None
            drawn.plot.plot(one.x, one.y, marker=marker, markersize=4.5, clip_on=not markers, **style)
            if one.low is not None and one.high is not None:
                drawn.plot.fill_between(one.x, one.low, one.high, color=SERIES[number], alpha=0.18, linewidth=0)
        _finish(drawn.plot, axes, legend=[one.name for one in series])
    return drawn.svg


def point_chart(axes: Axes, series: Sequence[Series], *, size: float = 5.0, diagonal: bool = False) -> str:
    """Points, with vertical intervals where a series has them.

    Args:
        axes: what it shows.
        series: at most six.
        size: of the markers, in points.
        diagonal: draw the line on which both values are equal.

    Raises:
        ValueError: no series, or more than six.
        MissingExtraError: matplotlib is not installed.
    """
    _check(series)
    with drawing(axes.title, axes.description or _said(axes)) as drawn:
        if diagonal:
            drawn.plot.axline((0.5, 0.5), slope=1, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
        for number, one in enumerate(series):
            errors = None
            if one.low is not None and one.high is not None:
                below = [max(y - low, 0.0) for y, low in zip(one.y, one.low, strict=True)]
                errors = (below, [max(high - y, 0.0) for y, high in zip(one.y, one.high, strict=True)])
            drawn.plot.errorbar(
                one.x,
                one.y,
                yerr=errors,
                fmt=_MARKERS[number],
                color=SERIES[number],
                markersize=size,
                linewidth=1.3,
                capsize=2.5,
                label=one.name,
            )
        _finish(drawn.plot, axes, legend=[one.name for one in series])
    return drawn.svg


def bar_chart(
    axes: Axes, categories: Sequence[str], series: Mapping[str, Sequence[float]], *, stacked: bool = False
) -> str:
    """Bars by category, grouped or stacked, told apart by colour and hatching.

    Args:
        axes: what it shows; the horizontal axis has the categories.
        categories: ``[m]``; with more than eight, or long ones, the bars lie on their side.
        series: values ``[m]`` by name, at most six.
        stacked: on top of one another instead of beside one another.

    Raises:
        ValueError: no series, more than six, or of another length than the categories.
        MissingExtraError: matplotlib is not installed.
    """
    _check(list(series))
    if any(len(values) != len(categories) for values in series.values()):
        raise ValueError("a series of bars has one value for each category")
    lying = len(categories) > 8 or sum(map(len, categories)) > 45
    height = max(HEIGHT, (18.0 if stacked else 14.0 * len(series)) * len(categories) + 70) if lying else HEIGHT
    width = 0.8 if stacked else 0.8 / len(series)
    with drawing(axes.title, axes.description or _said(axes), height=height) as drawn:
        plot, floor = drawn.plot, [0.0] * len(categories)
        for number, (name, values) in enumerate(series.items()):
            shift = 0.0 if stacked else (number - (len(series) - 1) / 2) * width
            places = [place + shift for place in range(len(categories))]
            style: Any = {"color": SERIES[number], "label": name, "hatch": _HATCHES[number], "edgecolor": PAGE}
            if lying:
                plot.barh(places, values, width, left=floor, **style)
            else:
                plot.bar(places, values, width, bottom=floor, **style)
            floor = [below + value for below, value in zip(floor, values, strict=True)] if stacked else floor
        whole = all(float(value).is_integer() for values in series.values() for value in values)
        _finish(plot, _turned(axes) if lying else axes, legend=list(series), whole=whole)
        _name_bars(plot, categories, lying=lying)
    return drawn.svg


def histogram(axes: Axes, edges: Sequence[float], counts: Sequence[float]) -> str:
    """How many values lie between the edges.

    Args:
        axes: what it shows.
        edges: ``[m + 1]``, ascending.
        counts: ``[m]``.

    Raises:
        ValueError: not one edge more than counts.
        MissingExtraError: matplotlib is not installed.
    """
    if len(edges) != len(counts) + 1:
        raise ValueError(f"{len(counts)} counts need {len(counts) + 1} edges, not {len(edges)}")
    with drawing(axes.title, axes.description or _said(axes)) as drawn:
        drawn.plot.stairs(counts, edges, fill=True, color=SERIES[0], alpha=0.85, edgecolor=PAGE)
        _finish(drawn.plot, axes, legend=[])
    return drawn.svg


def reliability_chart(
    axes: Axes, scores: Sequence[float], shares: Sequence[float], counts: Sequence[float], *, name: str = "the model"
) -> str:
    """Mean score against the share of hits, bin by bin; on the diagonal a score means what it says.

    Args:
        axes: what it shows; scores and shares are fractions.
        scores: ``[m]``, mean score of each bin.
        shares: ``[m]``, share of hits in each bin.
        counts: ``[m]``, predictions in each bin; empty bins are left out, larger points stand for more predictions.
        name: of the series.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    filled = [i for i, count in enumerate(counts) if count > 0]
    most = max([counts[i] for i in filled], default=1.0)
    with drawing(axes.title, axes.description or _said(axes)) as drawn:
        plot = drawn.plot
        plot.plot([0, 1], [0, 1], color=MUTED, linestyle=(0, (4, 3)), linewidth=1, label="score = share of hits")
        x, y = [scores[i] for i in filled], [shares[i] for i in filled]
        plot.plot(x, y, color=SERIES[0], linewidth=1.5, label=name)
        plot.scatter(x, y, s=[20 + 100 * counts[i] / most for i in filled], color=SERIES[0], zorder=3)
        _finish(plot, axes, legend=["diagonal", name])
    return drawn.svg


def heat_map(axes: Axes, rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float]]) -> str:
    """Cells shaded by their value, each with its number where there is room for it.

    Args:
        axes: what it shows.
        rows: names ``[r]``, from above.
        columns: names ``[c]``, from the left.
        values: ``[r][c]``, from 0 up; NaN is an empty cell.

    Raises:
        ValueError: not as many values as rows and columns.
        MissingExtraError: matplotlib is not installed.
    """
    if len(values) != len(rows) or any(len(row) != len(columns) for row in values):
        raise ValueError(f"expected {len(rows)} rows of {len(columns)} values")
    known = [value for row in values for value in row if value == value]
    most = max(known, default=0.0) or 1.0
    with drawing(axes.title, axes.description or _said(axes), height=max(120.0, 20.0 * len(rows) + 90)) as drawn:
        plot = drawn.plot
        for i, row in enumerate(values):
            for j, value in enumerate(row):
                if value == value:
                    share = _DARKEST_CELL * value / most
                    plot.fill([j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=SERIES[0], alpha=share, linewidth=0)
                    if len(columns) <= 10:
                        said = f"{100 * value:.0f}" if axes.y_percent else f"{value:,.3g}"
                        plot.text(j + 0.5, i + 0.5, said, ha="center", va="center", fontsize=FONT_SIZE - 2)
        plot.set_xlim(0, len(columns))
        plot.set_ylim(len(rows), 0)
        plot.set_xticks([j + 0.5 for j in range(len(columns))], list(columns), rotation=35, ha="right")
        plot.set_yticks([i + 0.5 for i in range(len(rows))], list(rows))
        plot.set_xlabel(axes.x)
        plot.set_ylabel(axes.y)
        plot.grid(visible=False)
    return drawn.svg


def _check(series: Sequence[object]) -> None:
    if not 1 <= len(series) <= len(SERIES):
        raise ValueError(f"a chart has 1 to {len(SERIES)} series, not {len(series)}")


def _said(axes: Axes) -> str:
    return f"{axes.y} by {axes.x}"


def _turned(axes: Axes) -> Axes:
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


def _name_bars(plot: Plot, categories: Sequence[str], *, lying: bool) -> None:
    places = range(len(categories))
    if lying:
        plot.set_yticks(places, [name if len(name) <= 28 else name[:27] + "…" for name in categories])
        plot.invert_yaxis()
    else:
        plot.set_xticks(places, list(categories))
    plot.grid(visible=False, axis="y" if lying else "x")


def _finish(plot: Plot, axes: Axes, *, legend: Sequence[str], whole: bool = False) -> None:
    """Scales, labels, ticks and legend, which stands above the plot, where it hides nothing; whole: counts only."""
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
        columns = 2 if max(map(len, legend)) > 14 or len(legend) > 3 else len(legend)
        plot.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, handlelength=2.2, columnspacing=1.2)


def _number_ticks(axis: Axis, *, log: bool, in_percent: bool, whole: bool) -> None:
    """Whole decades on logarithmic axes, whole numbers for counts, thousands separated, fractions as percentages."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

    axis.set_major_locator(LogLocator(base=10, numticks=8) if log else MaxNLocator(nbins=6, integer=whole))
    axis.set_minor_formatter(NullFormatter())
    if in_percent:
        axis.set_major_formatter(PercentFormatter(xmax=1.0))
    else:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
