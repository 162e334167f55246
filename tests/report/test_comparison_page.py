"""The page about compared runs: the numbers of the table, and verdicts that do not claim more than they show."""

import re

import pytest

from manylabel.metrics.comparison import Comparison, Difference
from manylabel.report.comparison import comparison_page, verdict
from manylabel.runs.compare import compare_runs


@pytest.fixture(scope="module")
def comparisons(run_of):
    return compare_runs(
        [run_of("linear-ovr"), run_of("linear-tree"), run_of("fused")], overrides=["evaluate.n_bootstrap=50"]
    )


def test_the_page_holds_every_number_and_nothing_from_elsewhere(comparisons):
    page = comparison_page(comparisons)
    for item in comparisons[1]:
        assert f"{100 * item.b:.2f}" in page
        assert f"{100 * item.difference:+.2f}" in page
    for name in ("linear-ovr", "linear-tree", "fused"):
        assert name in page
    assert page.count("<svg") == 1
    assert re.findall(r"(?:src|href)=\"(?!#)|<script|<link", page) == []


def test_more_runs_than_a_chart_has_colours(comparisons):
    assert comparison_page(list(comparisons) * 4).count("<svg") == 8


def test_no_chart_where_training_counts_are_not_known(comparisons):
    first = comparisons[0]
    bare = Comparison(first.differences, first.names, 10, 0.95, 50, 0)
    assert "<svg" not in comparison_page([bare])


def says(a, b, ends, p):
    item = Difference("P@1", "all", a, b, ends, p, "permutation")
    return verdict(item, Comparison((item,), ("old", "new"), 10, 0.95, 50, 0))


def test_verdicts():
    assert says(0.5, 0.6, (0.05, 0.15), 0.001).startswith(
        "P@1: new is better than old by 10.00 points (95 % interval +5"
    )
    assert "old is better than new by 10.00 points (95 % interval +5.00 to +15.00" in says(
        0.6, 0.5, (-0.15, -0.05), 0.01
    )
    assert "do not show a difference" in says(0.5, 0.6, (-0.05, 0.25), 0.2)
