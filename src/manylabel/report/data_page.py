"""What looking at data found, as a page with plots."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from manylabel.core.finding import SEVERITIES
from manylabel.data.formats.streams import replaced_file
from manylabel.data.inspect.statistics import Histogram, Statistics
from manylabel.data.inspect.table import documents_of, example_phrase, group_rows, part_rows
from manylabel.report.charts import Axes, Series, bar_chart, heat_map, histogram, line_chart
from manylabel.report.page import render
from manylabel.runs.inspect import Inspection

_SIZES = 20
_FREQUENT = 20
_PAIRS = 10
_NAME = 26


def write_data_page(inspection: Inspection, path: Path) -> None:
    """Write the page; it appears complete, or not at all.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
        InputError: the place cannot be written.
    """
    page = data_page(inspection)
    with replaced_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="replace")


def data_page(inspection: Inspection) -> str:
    """The page as HTML, without any reference to other files.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    statistics = inspection.statistics
    findings = [
        {
            "finding": finding,
            "examples": [
                {"phrase": "" if "text" in example else example_phrase(example), "documents": documents_of(example)}
                for example in finding.examples
            ],
        }
        for finding in inspection.findings
    ]
    return render(
        "data.html",
        sources=inspection.sources,
        statistics=statistics,
        part_rows=part_rows(statistics),
        group_rows=group_rows(statistics),
        pairs=statistics.together.most_frequent[:_PAIRS],
        findings=findings,
        counts={name: sum(item["finding"].severity == name for item in findings) for name in SEVERITIES},
        notes=inspection.notes,
        charts=_charts(statistics),
    )


def _charts(statistics: Statistics) -> list[dict[str, str]]:
    """Charts with title and a sentence, tall ones side by side; those that would show nothing are left out."""
    word = statistics.word
    charts = [
        _chart(
            "Labels by frequency",
            "Each label by its number of training documents, the most frequent first; both axes are logarithmic. "
            "A straight line is a power law.",
            _frequency_curve(statistics),
        ),
        _chart(
            "Label pairs by frequency of the label",
            "What share of the labels, and of the (document, label) pairs of each part, belongs to head, torso and "
            "tail.",
            _groups(statistics),
        ),
        _chart(
            f"Length of texts in {word}s",
            "Share of the documents of each part; the axis is logarithmic.",
            _lengths(statistics),
        ),
    ]
    tall = [_chart("Labels per document", "Share of the documents of each part.", _sizes(statistics))]
    if len(statistics.together.labels) > 1:
        tall.append(
            _chart(
                "The most frequent labels together",
                "Darker: a larger share of the training documents with the label of the row have that of the column.",
                _matrix(statistics),
            )
        )
    return [*charts[:2], *tall, *charts[2:]]


def _chart(title: str, text: str, svg: str) -> dict[str, str]:
    return {"title": title, "text": text, "svg": svg}


def _frequency_curve(statistics: Statistics) -> str:
    ranks, documents = zip(*statistics.labels.curve, strict=True)
    axes = Axes("Labels by frequency", "rank of the label", "training documents", log_x=True, log_y=True)
    return line_chart(axes, [Series("labels", ranks, documents)], markers=len(ranks) < 30)


def _groups(statistics: Statistics) -> str:
    groups = {name: group for name, group in statistics.labels.groups.items() if group.labels}
    series = {"labels": [group.share_of_labels for group in groups.values()]}
    for part in statistics.parts:
        series[f"pairs of {part}"] = [group.share_of_pairs[part] for group in groups.values()]
    axes = Axes("Label pairs by frequency of the label", "group", "share", y_percent=True)
    return bar_chart(axes, list(groups), series)


def _sizes(statistics: Statistics) -> str:
    """Bars by number of labels; what lies beyond nearly all documents is summed."""
    parts = statistics.parts
    widest = max(part.labels_per_document.largest for part in parts.values())
    shown = min(widest, _SIZES, max(7, round(max(part.labels_per_document.p95 for part in parts.values())) + 2))
    names = [str(size) for size in range(shown + 1)]
    if widest > shown:
        names[-1] += "+"
    series = {}
    for name, part in parts.items():
        counts = [*part.sizes.documents, *[0] * (widest + 1 - len(part.sizes.documents))]
        series[name] = [count / part.documents for count in (*counts[:shown], sum(counts[shown:]))]
    axes = Axes("Labels per document", "labels of a document", "share of documents", y_percent=True)
    return bar_chart(axes, names, series)


def _lengths(statistics: Statistics) -> str:
    title = f"Length of texts in {statistics.word}s"
    axes = Axes(title, f"{statistics.word}s of a text", "share of documents", log_x=True, y_percent=True)
    if len(statistics.parts) == 1:
        lengths = next(iter(statistics.parts.values())).lengths
        x, y = _density(lengths)
        edges = [max(edge, 0.7) for edge in lengths.edges]
        del x
        return histogram(axes, edges, y)
    return line_chart(
        axes, [Series(name, *_density(part.lengths)) for name, part in statistics.parts.items()], markers=False
    )


def _density(lengths: Histogram) -> tuple[list[float], list[float]]:
    """Middles of the bins and their shares."""
    total = max(sum(lengths.documents), 1)
    edges = [max(edge, 0.7) for edge in lengths.edges]
    middles = [(low * high) ** 0.5 for low, high in pairwise(edges)]
    return middles, [count / total for count in lengths.documents]


def _matrix(statistics: Statistics) -> str:
    """Columns are called by number: twenty names side by side can be read on no screen."""
    together = statistics.together
    numbers = [str(i + 1) for i in range(len(together.labels[:_FREQUENT]))]
    names = [f"{_short(name)}  {number}" for name, number in zip(together.labels, numbers, strict=False)]
    # Each label stands on all of its own documents, which would outshine the rest.
    values: list[list[float]] = [
        [float("nan") if i == j else value for j, value in enumerate(row[:_FREQUENT])]
        for i, row in enumerate(together.matrix[:_FREQUENT])
    ]
    axes = Axes("The most frequent labels together", "the same labels, by number", "", y_percent=True)
    columns = [number if i % 2 == 0 else "" for i, number in enumerate(numbers)]
    return heat_map(axes, names, columns, values)


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"
