"""Paired intervals and tests of two runs."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from metric_cases import all_metrics
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics import intervals
from manylabel.metrics.compare import compare
from manylabel.metrics.evaluate import evaluate

NAMES = all_metrics(1, 3)
CURVES = {"macro-AUPRC", "micro-AUPRC"}


def two_runs(n: int, seed: int = 0, edge: float = 0.0) -> tuple[TopK, TopK, Corpus]:
    """Noisy scores of the truth; the second run sees it clearer by `edge`."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n, 12)) < 0.2
    truth[np.arange(n), rng.integers(0, 12, n)] = True
    counts = np.array([500, 200, 150, 90, 60, 30, 20, 9, 6, 3, 1, 0])
    space = LabelSpace([f"l{i}" for i in range(12)], counts=counts, n_documents=900)
    first, second = (
        TopK.from_dense((rng.random((n, 12)) + clear * truth).astype(np.float32), 6, labels=space)
        for clear in (0.3, 0.3 + edge)
    )
    return first, second, Corpus([""] * n, csr_matrix(truth), space)


def test_p_values_equal_those_of_all_exchanges() -> None:
    """Seven documents have 128 exchanges: every mixture of the two runs is evaluated from the start."""
    first, second, corpus = two_runs(7, seed=3, edge=0.3)
    options = {"metrics": NAMES, "top_n": 2, "n_bootstrap": 0}
    names = [name for name in NAMES if name not in CURVES]

    def values(mask: np.ndarray) -> dict[str, float]:
        indices = np.where(mask[:, None], second.indices, first.indices)
        scores = np.where(mask[:, None], second.scores, first.scores)
        return evaluate(TopK(indices, scores, labels=first.labels), corpus, **options).values

    masks = [np.array(mask) for mask in product([False, True], repeat=7)]
    mixtures = {mask.tobytes(): values(mask) for mask in masks}
    result = compare(evaluate(first, corpus, **options), evaluate(second, corpus, **options), n_resamples=6000)
    for name in names:
        drawn = [mixtures[(~mask).tobytes()][name] - mixtures[mask.tobytes()][name] for mask in masks]
        observed = drawn[0]
        exact = np.mean(np.abs(drawn) >= abs(observed) - 1e-12)
        assert result[name].difference == pytest.approx(observed, abs=1e-12)
        assert result[name].p_value == pytest.approx(exact, abs=0.03), name
        assert result[name].test == "permutation"
    assert {name: result[name].test for name in CURVES} == dict.fromkeys(CURVES, "bootstrap")


def test_runs_that_differ_by_chance_are_rarely_told_apart() -> None:
    few = [compare_p(seed, edge=0.0) for seed in range(40)]
    assert np.mean([p < 0.1 for p in few]) <= 0.25
    assert np.median(few) > 0.2


def compare_p(seed: int, edge: float) -> float:
    first, second, corpus = two_runs(60, seed, edge)
    one, two = (evaluate(topk, corpus, metrics=["P@3"], n_bootstrap=0, groups=False) for topk in (first, second))
    return compare(one, two, n_resamples=200)["P@3"].p_value


@pytest.mark.parametrize("most_units", [1 << 14, 50])
def test_a_clear_improvement_is_seen_in_every_metric(most_units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "MAX_UNITS", most_units)
    first, second, corpus = two_runs(300, edge=0.4)
    a, b = (evaluate(topk, corpus, metrics=NAMES, top_n=2, n_bootstrap=0) for topk in (first, second))
    forth, back = compare(a, b, n_resamples=500), compare(b, a, n_resamples=500)
    for name in NAMES:
        if name.startswith("coverage"):
            continue  # with this many documents both runs find all labels
        item, sign = forth[name], -1 if name == "hamming" else 1
        assert sign * item.difference > 0
        assert item.p_value < 0.01
        assert item.interval[0] * item.interval[1] > 0, name
        assert item.interval[0] <= item.difference <= item.interval[1]
        assert back[name].difference == pytest.approx(-item.difference, abs=1e-15)
    assert forth["R@3", "tail"].difference > 0
    assert (forth["P@1"].a, forth["P@1"].b) == (a["P@1"], b["P@1"])


def test_a_run_does_not_differ_from_itself() -> None:
    first, _, corpus = two_runs(50)
    a = evaluate(first, corpus, metrics=NAMES, top_n=2)
    for item in compare(a, a, n_resamples=100):
        assert (item.difference, item.p_value) == (0.0, 1.0)
        assert item.interval == pytest.approx((0.0, 0.0), abs=1e-15)


def test_the_interval_is_narrower_than_for_separate_samples() -> None:
    """Paired: both runs stumble over the same documents."""
    first, _, corpus = two_runs(200)
    second = TopK(first.indices.copy(), first.scores, labels=first.labels)
    second.indices[:5, :2] = second.indices[:5, 1::-1]
    a, b = (evaluate(topk, corpus, metrics=["P@1"]) for topk in (first, second))
    low, high = compare(a, b)["P@1"].interval
    assert high - low < 0.5 * (a.intervals["P@1"][1] - a.intervals["P@1"][0])


def test_the_same_seed_gives_the_same_comparison() -> None:
    first, second, corpus = two_runs(50)
    a, b = (evaluate(topk, corpus, metrics=NAMES) for topk in (first, second))
    one, again, other = (compare(a, b, n_resamples=150, seed=seed) for seed in (0, 0, 1))
    assert one.to_dict() == again.to_dict()
    assert one.to_dict() != other.to_dict()


def test_labels_in_another_order_are_matched_by_name() -> None:
    first, second, corpus = two_runs(40)
    labels = first.labels
    order = np.random.default_rng(4).permutation(12)
    renamed = LabelSpace([labels.names[i] for i in order], counts=labels.counts[order], n_documents=900)
    moved = second.relabel(np.argsort(order).astype(np.int32), renamed)
    a, b, c = (evaluate(topk, corpus, metrics=NAMES, top_n=2, n_bootstrap=0) for topk in (first, second, moved))
    straight, crossed = compare(a, b, n_resamples=100), compare(a, c, n_resamples=100)
    for one, other in zip(straight, crossed, strict=True):
        assert (one.metric, one.view, one.p_value) == (other.metric, other.view, other.p_value)
        assert [one.a, one.b, *one.interval] == pytest.approx([other.a, other.b, *other.interval], abs=1e-12)


def test_some_of_the_metrics_are_compared_where_asked() -> None:
    first, second, corpus = two_runs(40)
    a = evaluate(first, corpus, metrics=["P@1", "R@3", "macro-F1"], n_bootstrap=0)
    b = evaluate(second, corpus, metrics=["macro-F1", "P@1"], n_bootstrap=0)
    assert [item.metric for item in compare(a, b, n_resamples=10) if item.view == "all"] == ["P@1", "macro-F1"]
    assert {item.metric for item in compare(a, b, metrics=["p@1"], n_resamples=10)} == {"P@1"}
    with pytest.raises(ConfigError, match="R@3: not in both evaluations, which share P@1, macro-F1"):
        compare(a, b, metrics=["R@3"])
    with pytest.raises(ConfigError, match="no metric in common"):
        compare(a, evaluate(second, corpus, metrics=["R@1"], n_bootstrap=0))
    with pytest.raises(KeyError):
        compare(a, b, n_resamples=10)["R@3"]
    with pytest.raises(ConfigError, match="out of range"):
        compare(a, b, n_resamples=0)


def test_what_cannot_be_compared_is_refused_with_the_reason() -> None:
    first, second, corpus = two_runs(40)
    options = {"metrics": ["P@1"], "n_bootstrap": 0}
    a = evaluate(first, corpus, **options)

    def refuse(topk: TopK, other: Corpus, **changes) -> str:
        with pytest.raises(InputError) as caught:
            compare(a, evaluate(topk, other, **{**options, **changes}))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    rows = np.arange(39)
    assert "of 40 and 39 documents" in refuse(second[rows], corpus.select(rows))
    order = np.arange(40)
    order[[4, 5]] = 5, 4
    assert "in another order: the true labels of document 4 differ" in refuse(second[order], corpus.select(order))
    truth = corpus.positives.toarray()
    where = np.flatnonzero(truth[7])[0]
    truth[7, [where, np.flatnonzero(~truth[7])[0]]] = False, True
    changed = Corpus(corpus.texts, csr_matrix(truth), corpus.labels)
    assert "true labels of document 7 differ" in refuse(second, changed)
    labels = first.labels
    larger = LabelSpace([*labels.names, "extra"], counts=np.append(labels.counts, 3), n_documents=900)
    assert "12 and 13 labels, 'extra' is in one only" in refuse(replace(second, labels=larger), corpus)
    other_counts = LabelSpace(labels.names, counts=labels.counts + 1, n_documents=900)
    assert "different training counts" in refuse(replace(second, labels=other_counts), corpus)
    assert "cuts = (10, 100) and (5, 50)" in refuse(second, corpus, cuts=(5, 50))
    assert "propensity_a = 0.55 and 0.6" in refuse(second, corpus, propensity_a=0.6)
    assert "groups = True and False" in refuse(second, corpus, groups=False)
    assert "empty = skip and zero" in refuse(second, corpus, empty="zero")


def test_the_comparison_as_text_and_json() -> None:
    first, second, corpus = two_runs(60, edge=0.3)
    a, b = (evaluate(topk, corpus, metrics=["P@1", "PSP@3"]) for topk in (first, second))
    result = compare(a, b, names=("old", "new"), n_resamples=100)
    lines = str(result).splitlines()
    assert lines[0].split() == ["metric", "(%)", "labels", "old", "new", "difference", "95%", "interval", "p"]
    shown = lines[2].split()
    assert shown[:2] == ["P@1", "all"]
    assert float(shown[4]) == pytest.approx(100 * (b["P@1"] - a["P@1"]), abs=0.006)
    assert any("difference = new - old" in line for line in lines)
    assert lines[-1].lstrip().startswith("│")  # the chart by label frequency
    assert sum(item["labels"] for item in result.to_dict()["by_frequency"]) == a.basis.labels_in_test
    read = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert read["differences"][0]["difference"] == pytest.approx(b["P@1"] - a["P@1"])
    assert {item["view"] for item in read["differences"]} == {"all", "head", "torso", "tail", "unseen"}
