"""Methods that find thresholds, against brute force."""

import numpy as np
import pytest
from brute_force import dense, f1
from scipy.sparse import csr_matrix

from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.decide import METHODS
from manylabel.decide.examples import Examples
from manylabel.decide.label_lists import LabelLists, threshold_after
from manylabel.decide.measured import measure


def new(kind, **options):
    return METHODS.load(kind)(METHODS.section(kind).parse(options, source=kind))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["probability", "margin"])
def test_global_finds_the_best_micro_f1(make_examples, seed, kind):
    examples = make_examples(200, 12, seed=seed, kind=kind)
    scores, truth = dense(examples)
    best = max(f1(scores >= t, truth) for t in np.unique(scores))
    method = new("global").fit(examples)
    assert f1(method.decide(examples.topk).toarray(), truth) == pytest.approx(best, abs=1e-12)
    assert method.facts["reached"] == pytest.approx(best)


@pytest.mark.parametrize("metric", ["macro-F1", "example-F1", "jaccard"])
def test_global_comes_near_the_best_of_any_metric(make_examples, metric):
    examples = make_examples(300, 12)
    best = max(
        measure(examples, new("fixed", threshold=float(t)).fit(examples).decide(examples.topk), (metric,))[metric]
        for t in np.quantile(examples.topk.scores, np.linspace(0.3, 1, 200))
    )
    method = new("global", metric=metric).fit(examples)
    reached = measure(examples, method.decide(examples.topk), (metric,))[metric]
    assert reached == pytest.approx(method.facts["reached"])
    assert reached > best - 0.003


def test_global_makes_a_loss_small(make_examples):
    examples = make_examples(300, 12)
    losses = [
        measure(examples, new(**choice).fit(examples).decide(examples.topk), ("hamming",))["hamming"]
        for choice in ({"kind": "global", "metric": "hamming"}, {"kind": "fixed", "threshold": 0.2})
    ]
    assert losses[0] < losses[1]


@pytest.mark.parametrize("seed", range(3))
def test_per_label_finds_the_best_f1_of_each_label(make_examples, seed):
    examples = make_examples(150, 10, seed=seed, kind="margin")
    scores, truth = dense(examples)
    chosen = new("per-label", fbr=0.0).fit(examples).decide(examples.topk).toarray()
    for label in range(10):
        best = max(f1(scores[:, label] >= t, truth[:, label]) for t in scores[:, label])
        if best > 0:
            assert f1(chosen[:, label], truth[:, label]) == pytest.approx(best)


def test_a_label_with_a_poor_best_f1_gets_the_fallback(make_examples):
    examples = make_examples(400, 30, seed=4)
    _, f1_of_labels = _best(examples)
    fbr = float(np.median(f1_of_labels))
    poor = f1_of_labels <= fbr
    assert 0 < poor.sum() < 30
    micro = new("global").fit(examples).common
    for fallback, expected in (
        ("global", np.full(30, micro)),
        ("never", np.full(30, np.inf)),
        ("highest", dense(examples)[0].max(axis=0)),
    ):
        method = new("per-label", fbr=fbr, fallback=fallback).fit(examples)
        np.testing.assert_array_equal(method.thresholds[poor], expected[poor].astype(np.float32))
        assert (method.thresholds[~poor] != expected[~poor]).all()
        assert method.facts["labels_with_own_threshold"] == 15


def _best(examples):
    scores, truth = dense(examples)
    columns = range(scores.shape[1])
    return scores, np.array([max(f1(scores[:, j] >= t, truth[:, j]) for t in scores[:, j]) for j in columns])


@pytest.mark.parametrize("weight", [0.0, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(3))
def test_per_frequency_is_the_sweep_written_out(make_examples, seed, weight):
    examples = make_examples(120, 10, seed=seed, kind="margin")
    scores, truth = dense(examples)
    chosen = np.zeros(truth.shape, bool)
    done = []
    for rank, label in enumerate(np.argsort(-truth.sum(axis=0), kind="stable"), 1):
        done.append(label)
        best, kept = -1.0, None
        for t in [np.inf, *np.sort(scores[:, label])[::-1]]:
            chosen[:, label] = scores[:, label] >= t
            micro = f1(chosen[:, done], truth[:, done])
            value = micro + weight * f1(chosen[:, label], truth[:, label]) / rank
            if value > best + 1e-12:
                best, kept = value, chosen[:, label].copy()
        chosen[:, label] = kept
    swept = new("per-frequency", macro_weight=weight).fit(examples).decide(examples.topk).toarray()
    present = truth.any(axis=0)
    np.testing.assert_array_equal(swept[:, present], chosen[:, present])


def test_a_label_that_was_never_found_gets_the_common_threshold(make_examples):
    examples = make_examples(200, 8, k=2)
    # Label 7 has documents, but stands in no list with one of them.
    truth = examples.truth.tolil()
    rows = np.flatnonzero((examples.topk.indices == 7).any(axis=1))
    truth[rows, 7] = False
    truth[np.setdiff1d(np.arange(200), rows)[:5], 7] = True
    changed = Examples.of(examples.topk, truth.tocsr())
    for kind in ("per-label", "per-frequency"):
        method = new(kind).fit(changed)
        assert method.thresholds[7] == method.common == new("global").fit(changed).common


def test_labels_that_came_after_the_fit_get_the_common_threshold(make_examples):
    examples = make_examples(100, 5)
    method = new("per-label").fit(examples)
    more = examples.labels.extended(["new"])
    topk = TopK(np.array([[5, 0], [5, 0]], np.int32), np.float32([[0.99, 0.1], [0.0, 0.0]]), "probability", more)
    sets = method.decide(topk)
    assert sets.shape == (2, 6)
    assert sets.toarray()[:, 5].tolist() == [True, False]


def test_fixed_and_top_n(make_examples):
    for kind, default in (("probability", 0.5), ("margin", 0.0)):
        examples = make_examples(50, 6, kind=kind)
        scores, _ = dense(examples)
        np.testing.assert_array_equal(new("fixed").fit(examples).decide(examples.topk).toarray(), scores >= default)
        given = new("fixed", threshold=0.25).fit(examples).decide(examples.topk).toarray()
        np.testing.assert_array_equal(given, scores >= 0.25)
    sets = new("top-n", n=3).fit(examples).decide(examples.topk)
    assert (np.diff(sets.indptr) == 3).all()
    short = TopK.from_dense(np.array([[0.5, -np.inf]]), 2, labels=examples.labels.first(2))
    assert new("top-n", n=3).decide(short).nnz == 1


def test_threshold_after_stands_between_neighbours():
    scores = np.float32([0.9, 0.5, 0.1])
    assert threshold_after(scores, 0) > scores[0]
    assert scores[1] < threshold_after(scores, 1) < scores[0]
    assert threshold_after(scores, 3) == scores[2]
    near = np.float32([1.0, np.nextafter(np.float32(1), np.float32(0))])
    assert threshold_after(near, 1) == near[0]
    assert np.isinf(threshold_after(np.zeros(0, np.float32), 0))


def test_lists_by_label_hold_every_listed_score(make_examples):
    examples = make_examples(80, 9, k=4)
    lists = LabelLists.of(examples)
    scores, truth = dense(examples)
    for label in range(9):
        own = slice(lists.indptr[label], lists.indptr[label + 1])
        listed = np.isfinite(scores[:, label])
        np.testing.assert_array_equal(lists.scores[own], np.sort(scores[listed, label])[::-1])
        assert lists.hits[own].sum() == truth[listed, label].sum()


@pytest.mark.parametrize("levels", [1, 3])
def test_equal_scores_are_taken_together(levels):
    """Whatever is sorted first, a threshold cannot part equal scores."""
    rng = np.random.default_rng(0)
    labels = LabelSpace([f"l{i}" for i in range(40)], counts=np.full(40, 5), n_documents=100)
    scores = rng.integers(0, levels, (50, 40)).astype(np.float32) / 4
    truth = rng.random((50, 40)) < 0.02 + 0.1 * (scores > 0.4)
    examples = Examples.of(TopK.from_dense(scores, 40, labels=labels), csr_matrix(truth))
    best = max(f1(scores >= t, truth) for t in np.unique(scores))
    assert new("global").fit(examples).facts["reached"] == pytest.approx(best)
