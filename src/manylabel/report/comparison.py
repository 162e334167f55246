"""The page about runs compared on the same documents."""

from __future__ import annotations

from collections.abc import Sequence

from manylabel.metrics.by_frequency import BinDifference
from manylabel.metrics.comparison import Comparison, Difference
from manylabel.report.frequency import comparison_chart
from manylabel.report.page import render
from manylabel.report.svg import SERIES

_LEADING = ("P@1", "micro-F1", "macro-F1")
_SURE = 0.05
_ENOUGH_BINS = 3  # for a curve; fewer are told by the table alone


def comparison_page(comparisons: Sequence[Comparison]) -> str:
    """Tables, charts by label frequency and a verdict in words, as self-contained HTML.

    Args:
        comparisons: of the first run with each of the others, at least one, all with the same first run.

    Raises:
        MissingExtraError: the extra ``report`` is not installed.
    """
    return render(
        "comparison.html",
        comparisons=[
            {"found": one, "verdicts": [verdict(item, one) for item in _leading(one)], "views": _views(one)}
            for one in comparisons
        ],
        first=comparisons[0],
        names=[comparisons[0].names[0], *(one.names[1] for one in comparisons)],
        charts=_charts(comparisons),
    )


def verdict(item: Difference, comparison: Comparison) -> str:
    """What one difference says, in a sentence."""
    first, second = comparison.names
    # Told as the better run's lead, so that a reader need not turn signs around.
    better, worse = (second, first) if item.difference > 0 else (first, second)
    low, high = item.interval if item.difference > 0 else (-item.interval[1], -item.interval[0])
    ends = f"{100 * comparison.confidence:g} % interval {100 * low:+.2f} to {100 * high:+.2f}, p = {item.p_value:.4f}"
    lead = f"{100 * abs(item.difference):.2f} points"
    if item.p_value >= _SURE:
        return f"{item.metric}: {better} is ahead by {lead}, but these documents do not show a difference ({ends})."
    return f"{item.metric}: {better} is better than {worse} by {lead} ({ends})."


def _leading(comparison: Comparison) -> list[Difference]:
    """The differences to put into words; a metric of which less is better is never one of them."""
    overall = [item for item in comparison if item.view == "all"]
    chosen = [item for item in overall if item.metric in _LEADING]
    return chosen or [item for item in overall if item.metric != "hamming"][:1]


def _views(comparison: Comparison) -> dict[str, list[Difference]]:
    """The differences by group of labels."""
    found: dict[str, list[Difference]] = {}
    for item in comparison:
        found.setdefault(item.view, []).append(item)
    return found


def _charts(comparisons: Sequence[Comparison]) -> list[str]:
    """One chart of all runs, or one for each pair where they are too many for one."""
    together = [comparisons] if len(comparisons) < len(SERIES) else [[one] for one in comparisons]
    return [_chart(part) for part in together if sum(one.low > 0 for one in part[0].by_frequency) >= _ENOUGH_BINS]


def _chart(comparisons: Sequence[Comparison]) -> str:
    first = comparisons[0]
    bins: dict[str, Sequence[tuple[BinDifference, float]]]
    bins = {first.names[0]: [(one, one.a) for one in first.by_frequency]}
    bins |= {item.names[1]: [(one, one.b) for one in item.by_frequency] for item in comparisons}
    return comparison_chart(bins)
