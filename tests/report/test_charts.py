"""Charts: whole SVG elements in the page's colours, with names, text as text, and nothing that clashes on one page."""

import functools
import re
from xml.etree import ElementTree

import pytest

from manylabel.report.charts import (
    Axes,
    Series,
    bar_chart,
    heat_map,
    histogram,
    line_chart,
    point_chart,
    reliability_chart,
)

NAN = float("nan")
PLAIN = Axes("What it is", "documents", "recall", "It rises.")
LOG = Axes("What it is", "training documents", "recall", log_x=True, log_y=True)
X, Y = [1, 10, 100, 1000], [0.1, 0.2, NAN, 0.8]
ONE = [Series("linear", X, Y)]
TWO = [Series("linear", X, Y, [0.0] * 4, [0.9] * 4), Series("fused", X, [0.3, 0.4, 0.5, 0.6])]
SIX = [Series(f"series {i}", X, [i, i + 1, i, i + 2]) for i in range(6)]
CHARTS = {
    "line": lambda: line_chart(PLAIN, ONE),
    "lines with bands": lambda: line_chart(LOG, TWO),
    "six lines": lambda: line_chart(PLAIN, SIX, markers=False),
    "points": lambda: point_chart(LOG, TWO),
    "points and diagonal": lambda: point_chart(PLAIN, ONE, diagonal=True),
    "bars": lambda: bar_chart(PLAIN, ["head", "tail"], {"a": [1, 2], "b": [3, 4]}),
    "stacked": lambda: bar_chart(PLAIN, ["head", "tail"], {"a": [1, 2], "b": [3, 4]}, stacked=True),
    "lying": lambda: bar_chart(PLAIN, [f"label {i}" for i in range(12)], {"a": range(12), "b": range(12)}),
    "histogram": lambda: histogram(PLAIN, [0, 1, 2, 4], [5, 0, 2]),
    "reliability": lambda: reliability_chart(PLAIN, [0.1, 0.5, 0.9], [0.2, 0.4, NAN], [10, 4, 0]),
    "heat": lambda: heat_map(PLAIN, ["a", "b"], ["c", "d", "e"], [[0, 1, 2], [3, NAN, 5]]),
}


@functools.cache
def drawn(name):
    return CHARTS[name]()


@pytest.fixture(params=CHARTS)
def chart(request):
    return drawn(request.param)


def texts(svg):
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_chart_is_one_scalable_element_with_a_name(chart):
    root = ElementTree.fromstring(chart)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib
    names = {child.attrib["id"]: child.text for child in root if child.tag.endswith(("title", "desc"))}
    assert names[root.attrib["aria-labelledby"].split()[0]] == "What it is"
    assert all(names.values())


def test_colours_are_the_pages(chart):
    left = re.findall(r"#[0-9a-fA-F]{6}\b", re.sub(r'(href|id)="[^"]*"|url\([^)]*\)', "", chart))
    assert left == []
    assert "var(--series-1)" in chart
    assert "var(--text)" in chart


def test_text_is_text_in_the_pages_font(chart):
    assert "documents" in " ".join(texts(chart))
    assert "recall" in " ".join(texts(chart))
    assert "DejaVu" not in chart


def test_nothing_comes_from_elsewhere(chart):
    assert re.findall(r"(?:href|src)=\"(?!#)", chart) == []
    assert "<image" not in chart
    assert "<script" not in chart
    assert set(re.findall(r"https?://[^\"]+", chart)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_identifiers_of_two_charts_never_meet():
    found = [re.findall(r'\bid="([^"]+)"', drawn(name)) for name in CHARTS]
    everything = [name for names in found for name in names]
    assert len(everything) == len(set(everything))
    for svg in map(drawn, CHARTS):
        used = re.findall(r'(?:href="|url\()#([^")]+)', svg)
        assert set(used) <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_the_same_chart_twice_is_the_same(chart, request):
    assert CHARTS[request.node.callspec.params["chart"]]() == chart


def test_names_are_neither_markup_nor_mathematics():
    svg = bar_chart(Axes("<b>", "a & b", "$x_1$"), ["<script>alert(1)</script>", "$y^2$"], {"s": [1, 2]})
    assert "<script" not in svg
    assert "$y^2$" in texts(svg)
    assert "$x_1$" in texts(svg)
    assert "a & b" in texts(svg)


def test_names_in_any_script_and_with_any_first_character():
    svg = line_chart(PLAIN, [Series("地震", X, Y), Series("_run", X, Y)])
    assert "地震" in texts(svg)
    assert any("_run" in text for text in texts(svg))


def test_values_stand_where_they_belong():
    """The highest of three bars reaches highest, and a logarithmic axis puts decades at equal distances."""
    svg = line_chart(LOG, [Series("a", [1, 10, 100], [1, 10, 100])])
    path = next(d for d in re.findall(r' d="([^"]+)"', svg) if d.count("L") == 2 and "z" not in d)
    points = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", path)]
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.01)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.01)
    assert x0 < x1
    assert y0 > y1


def numbers(svg):
    return [float(text.replace(",", "")) for text in texts(svg) if text.replace(",", "").replace(".", "").isdigit()]


def test_ticks_suit_the_values():
    narrow = numbers(line_chart(Axes("t", "x", "y", log_x=True), [Series("a", [120, 900], [7e6, 7e6])]))
    assert len([tick for tick in narrow if 100 <= tick <= 1000]) >= 2
    wide = numbers(line_chart(Axes("t", "x", "y", log_x=True), [Series("a", [1, 90000], [7e6, 7e6])]))
    assert {1.0, 100.0, 10000.0} <= set(wide)
    counts = numbers(bar_chart(Axes("t", "x", "y"), ["a", "b"], {"s": [1, 4]}))
    assert all(tick.is_integer() for tick in counts)
    shares = texts(line_chart(Axes("t", "x", "y", y_percent=True, y_range=(0, 1)), [Series("a", [1, 2], [0, 1])]))
    assert {"0%", "20%", "100%"} <= set(shares)


@pytest.mark.parametrize(
    "make",
    [
        lambda: line_chart(PLAIN, []),
        lambda: line_chart(PLAIN, [*SIX, *ONE]),
        lambda: bar_chart(PLAIN, ["a"], {"s": [1, 2]}),
        lambda: histogram(PLAIN, [0, 1], [1, 2]),
        lambda: heat_map(PLAIN, ["a"], ["b"], [[1, 2]]),
    ],
)
def test_impossible_charts_are_refused(make):
    with pytest.raises(ValueError, match=r"\w"):
        make()
