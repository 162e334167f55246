"""Names of metrics as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manylabel.core.errors import ConfigError
from manylabel.metrics import DEFAULT, METRICS
from manylabel.metrics.names import MetricName, parse_metric, parse_metrics


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("P@1", "P@1"),
        ("p@10", "P@10"),
        ("NDCG@05", "nDCG@5"),
        (" psndcg@3 ", "PSnDCG@3"),
        ("MACRO-f1-SUPPORTED", "macro-F1-supported"),
        ("lrap", "LRAP"),
        ("Hit@2", "hit@2"),
    ],
)
def test_case_and_blanks_do_not_matter(text: str, name: str) -> None:
    assert str(parse_metric(text)) == name


@given(entry=st.sampled_from(list(METRICS)), k=st.integers(1, 10**6), change=st.sampled_from([str.upper, str.lower]))
def test_every_name_reads_back(entry: str, k: int, change) -> None:
    name = MetricName(entry, k if entry.endswith("@k") else None)
    assert parse_metric(change(str(name))) == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nDGC@5", "unknown metric 'nDGC@5', did you mean 'nDCG@5'?"),
        ("macro-F", "unknown metric 'macro-F', did you mean 'macro-F1'?"),
        ("frobnicate", "unknown metric 'frobnicate', known are: P@k, R@k"),
        ("", "unknown metric ''"),
        ("P", "metric 'P': P needs a cut of at least 1, for example P@5"),
        ("P@", "needs a cut"),
        ("P@0", "needs a cut"),
        ("P@-1", "needs a cut"),
        ("P@1.5", "needs a cut"),
        ("P@k", "needs a cut"),
        ("P@²", "needs a cut"),
        ("micro-F1@5", "metric 'micro-F1@5': micro-F1 takes no cut, write micro-F1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_hint(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_metric(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_keeps_each_metric_once_and_a_string_is_one_metric() -> None:
    assert [str(name) for name in parse_metrics(["p@5", "R@1", "P@5"])] == ["P@5", "R@1"]
    assert [str(name) for name in parse_metrics("P@5")] == ["P@5"]
    with pytest.raises(ConfigError, match="no metric is asked for"):
        parse_metrics([])


def test_the_defaults_are_written_as_the_table_has_them() -> None:
    assert tuple(str(name) for name in parse_metrics(DEFAULT)) == DEFAULT
