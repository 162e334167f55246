"""Resampling: weights of documents against repeated documents, widths against theory, seeds, blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from metric_cases import all_metrics, make_case
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics import intervals
from manylabel.metrics.evaluate import evaluate
from manylabel.metrics.intervals import bootstrap_weights, interval, swaps, unit_of

NAMES = all_metrics(1, 3)


@pytest.mark.parametrize("seed", range(6))
def test_a_weighted_document_counts_as_often_as_it_says(seed: int) -> None:
    case = make_case(seed, n=12, n_model=8, k=6, n_extra=2, density=0.4)
    rows = np.flatnonzero(case.truth.any(axis=1))
    topk, corpus = case.topk[rows], case.corpus.select(rows)
    sample = evaluate(topk, corpus, metrics=NAMES, top_n=2, n_bootstrap=0).sample
    weights = np.random.default_rng(seed).integers(0, 4, size=(2, len(rows), 3)).astype(np.uint8)
    found = sample.statistics(weights)
    for resample, times in enumerate(weights.transpose(0, 2, 1).reshape(6, -1)):
        repeated = np.repeat(np.arange(len(rows)), times)
        expected = evaluate(topk[repeated], corpus.select(repeated), metrics=NAMES, top_n=2, n_bootstrap=0)
        for (view, name), values in found.items():
            value = expected.values[name] if view == "all" else expected.groups[view].values[name]
            # What a resample leaves undefined is NaN there, and 0 or None in an evaluation.
            if np.isnan(values[resample]):
                assert value in (0.0, None)
            else:
                assert values[resample] == pytest.approx(value or 0.0, abs=1e-12), (view, name)


def coin_flips(n: int, share: float) -> tuple[TopK, Corpus]:
    """Documents of one label of two, predicted right with a given share."""
    space = LabelSpace(["a", "b"], counts=np.array([500, 500]), n_documents=1000)
    truth = np.zeros((n, 2), dtype=bool)
    truth[np.arange(n), np.arange(n) % 2] = True
    right = np.random.default_rng(0).permutation(n) < share * n
    lists = np.where(right, np.arange(n) % 2, 1 - np.arange(n) % 2).astype(np.int32)[:, None]
    return TopK(lists, np.full((n, 1), 0.9, np.float32), labels=space), Corpus([""] * n, csr_matrix(truth), space)


@pytest.mark.parametrize("most_units", [1 << 14, 400])
def test_the_width_is_that_of_a_proportion(most_units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fewer units than documents too: random blocks have the variance of their documents."""
    monkeypatch.setattr(intervals, "MAX_UNITS", most_units)
    topk, corpus = coin_flips(2000, 0.3)
    result = evaluate(topk, corpus, metrics=["P@1", "micro-F1"], n_bootstrap=4000)
    assert result.sample.units == min(2000, most_units)
    for name in ("P@1", "micro-F1"):
        low, high = result.intervals[name]
        assert result[name] == pytest.approx(0.3, abs=1e-12)
        assert low < 0.3 < high
        assert high - low == pytest.approx(2 * 1.96 * math.sqrt(0.3 * 0.7 / 2000), rel=0.1)
        assert low + high == pytest.approx(0.6, abs=0.004)


def test_blocks_change_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case(4, n=60, n_model=9, k=6, n_extra=1)
    whole = evaluate(case.topk, case.corpus, metrics=NAMES, top_n=2, n_bootstrap=50)
    monkeypatch.setattr(intervals, "MAX_UNITS", 7)
    blocks = evaluate(case.topk, case.corpus, metrics=NAMES, top_n=2, n_bootstrap=50)
    assert (whole.sample.units, blocks.sample.units) == (whole.basis.documents, 7)
    assert blocks.values == pytest.approx(whole.values, abs=1e-12)
    for name, group in whole.groups.items():
        assert blocks.groups[name].values == pytest.approx(group.values, abs=1e-12)


def test_the_same_seed_gives_the_same_intervals_and_another_gives_others() -> None:
    case = make_case(7, n=50, n_model=10, k=5)
    one, again, other = (
        evaluate(case.topk, case.corpus, metrics=NAMES, n_bootstrap=200, seed=seed).to_dict() for seed in (0, 0, 1)
    )
    assert one == again
    assert one["intervals"] != other["intervals"]
    assert {name: one[name] for name in NAMES} == {name: other[name] for name in NAMES}


def test_every_value_lies_in_its_interval() -> None:
    """Not so with plain percentiles: resamples lose labels, and coverage and macro averages with them."""
    truth = np.eye(80, dtype=bool)
    space = LabelSpace([str(i) for i in range(80)], counts=np.arange(80) * 2, n_documents=500)
    guess = np.where(np.arange(80) % 2, np.arange(80), np.arange(80) - 1)
    scores = truth[guess].astype(np.float32) + np.linspace(0, 0.1, 80, dtype=np.float32)
    topk, corpus = TopK.from_dense(scores, 5, labels=space), Corpus([""] * 80, csr_matrix(truth), space)
    result = evaluate(topk, corpus, metrics=NAMES, top_n=2, n_bootstrap=300)
    sample = result.sample.statistics(bootstrap_weights(result.sample.units, 300, 0))
    assert np.quantile(sample["all", "macro-recall"], 0.975) < result["macro-recall"]
    for view in (result, *result.groups.values()):
        for name, (low, high) in view.intervals.items():
            assert 0.0 <= low <= view.values[name] + 1e-15 <= high + 2e-15 <= 1.0 + 1e-12


def test_bootstrap_weights_draw_every_resample_in_full() -> None:
    weights = bootstrap_weights(50, 300, seed=3)
    assert weights.shape == (3, 50, 128)
    assert (weights.sum(axis=1) == 50).all()
    assert weights.std() == pytest.approx(1.0, abs=0.05)
    assert (weights != bootstrap_weights(50, 300, seed=4)).any()


def test_swaps_are_fair_and_apart_from_resamples() -> None:
    coins = swaps(100, 256, seed=0)
    assert set(np.unique(coins)) == {0, 1}
    assert coins.mean() == pytest.approx(0.5, abs=0.01)


def test_blocks_are_of_almost_equal_size_and_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "MAX_UNITS", 10)
    unit, units = unit_of(95)
    assert units == 10
    assert set(np.bincount(unit)) == {9, 10}
    assert (unit == unit_of(95)[0]).all()
    assert not (unit == np.arange(95) % 10).all()
    assert unit_of(10)[0].tolist() == list(range(10))


def test_an_interval_without_any_defined_resample_is_none() -> None:
    assert interval(0.5, np.array([np.nan, np.nan]), 0.95) is None
    assert interval(0.5, np.array([0.4, np.nan, 0.6]), 0.95) == pytest.approx((0.405, 0.595))


def test_without_resamples_there_are_no_intervals() -> None:
    case = make_case(7, n=20, n_model=5, k=5)
    result = evaluate(case.topk, case.corpus, n_bootstrap=0)
    assert result.intervals == {}
    assert "interval" not in str(result)


def test_a_higher_confidence_is_a_wider_interval() -> None:
    topk, corpus = coin_flips(200, 0.5)
    narrow, wide = (evaluate(topk, corpus, metrics=["P@1"], confidence=level).intervals["P@1"] for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
