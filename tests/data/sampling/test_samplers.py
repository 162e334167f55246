"""Samplers: what holds for all, and what each is for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.core.table import section_of
from manylabel.data.sampling import SAMPLERS
from manylabel.data.sampling.base import Sampler, imbalance, label_counts
from manylabel.data.sampling.lp_ros import label_sets
from manylabel.data.sampling.ml_rus import MLRUS
from manylabel.data.sampling.repeat_factor import RepeatFactor


def made(kind: str, **constants) -> Sampler:
    sampler = section_of({"kind": kind, **constants}, SAMPLERS)
    assert isinstance(sampler, Sampler)
    return sampler


def matrix(rows: list[list[int]], n_labels: int) -> csr_matrix:
    indptr = np.cumsum([0, *map(len, rows)])
    indices = np.array([label for row in rows for label in row], np.int32)
    return csr_matrix((np.ones(len(indices), bool), indices, indptr), shape=(len(rows), n_labels))


def long_tail(n: int = 3000, n_labels: int = 60, seed: int = 0) -> csr_matrix:
    """Labels from many documents to few, the last one without any; some documents without labels."""
    random = np.random.default_rng(seed)
    labels = (n_labels * random.random((n, 2)) ** 6).astype(int)
    labels[labels == n_labels - 1] = 0
    rows = [sorted(set(row)) for row in labels.tolist()]
    for row in range(0, n, 10):
        rows[row] = []
    return matrix(rows, n_labels)


def tail_share(positives: csr_matrix, rows: np.ndarray) -> float:
    """Share of the rarest half of the labels among all label pairs of an epoch."""
    rare = np.argsort(label_counts(positives))[: positives.shape[1] // 2]
    epoch = label_counts(positives[rows])
    return epoch[rare].sum() / epoch.sum()


def mean_imbalance(positives: csr_matrix) -> float:
    return float(np.nanmean(imbalance(label_counts(positives))))


ODD = {
    "no document": matrix([], 3),
    "one document": matrix([[1]], 3),
    "one document without labels": matrix([[]], 3),
    "no document has labels": matrix([[], [], []], 2),
    "no labels": matrix([[], []], 0),
    "one label": matrix([[0], [], [0], [0]], 1),
    "labels without documents": matrix([[4], [2, 4], [4]], 6),
    "all the same": matrix([[0, 1]] * 5, 2),
}


@pytest.mark.parametrize("kind", SAMPLERS)
@pytest.mark.parametrize("name", ODD)
def test_odd_data(kind, name):
    positives = ODD[name]
    rows = made(kind).rows(positives, np.random.default_rng(0))
    assert rows.dtype == np.int64
    assert rows.ndim == 1
    assert (len(rows) > 0) == (positives.shape[0] > 0)
    assert np.isin(rows, np.arange(positives.shape[0])).all()


@pytest.mark.parametrize("kind", SAMPLERS)
def test_chance_alone_decides_and_nothing_is_changed(kind):
    positives = long_tail()
    before = positives.copy()
    first, again, other = (made(kind).rows(positives, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert len(first) != len(other) or (first != other).any()
    assert (first[:-1] > first[1:]).any()
    for part in ("indptr", "indices", "data"):
        assert (getattr(positives, part) == getattr(before, part)).all()


@pytest.mark.parametrize("kind", SAMPLERS)
def test_documents_without_labels_are_not_lost(kind):
    positives = long_tail()
    rows = made(kind).rows(positives, np.random.default_rng(0))
    without = np.diff(positives.indptr)[rows] == 0
    assert 0.02 < without.mean() < 0.15


@pytest.mark.parametrize("kind", SAMPLERS)
def test_descriptions(kind):
    section = SAMPLERS.section(kind)
    assert section.__doc__
    assert SAMPLERS[kind].summary.endswith(".")
    assert {name for name, field in section.model_fields.items() if not field.description} == {"kind"}


@pytest.mark.parametrize("kind", ["class-aware", "repeat-factor", "ml-ros"])
def test_rare_labels_come_more_often(kind):
    positives = long_tail()
    constants = {"threshold": 0.05} if kind == "repeat-factor" else {}
    rows = made(kind, **constants).rows(positives, np.random.default_rng(0))
    everything = np.arange(positives.shape[0])
    assert tail_share(positives, rows) > 1.3 * tail_share(positives, everything)
    assert mean_imbalance(positives[rows]) < 0.8 * mean_imbalance(positives)


@pytest.mark.parametrize("kind", ["plain", "ml-rus"])
def test_no_document_comes_twice(kind):
    rows = made(kind).rows(long_tail(), np.random.default_rng(0))
    assert len(np.unique(rows)) == len(rows)


@pytest.mark.parametrize("kind", ["plain", "repeat-factor", "ml-ros", "lp-ros"])
def test_every_document_comes(kind):
    rows = made(kind).rows(long_tail(), np.random.default_rng(0))
    assert len(np.unique(rows)) == 3000


def test_plain_is_every_document_once():
    assert sorted(made("plain").rows(long_tail(50), np.random.default_rng(0))) == list(range(50))


def test_class_aware_draws_every_label_alike():
    positives = matrix([[0]] * 97 + [[1], [2], []], 4)
    rows = made("class-aware", size=100).rows(positives, np.random.default_rng(0))
    shares = np.bincount(rows, minlength=100) / len(rows)
    third = 0.99 / 3
    assert [shares[:97].sum(), shares[97], shares[98], shares[99]] == pytest.approx([third] * 3 + [0.01], abs=0.02)
    assert shares[:97].max() < 2 * third / 97
    assert len(rows) == 10_000


def test_repeat_factor_is_the_formula():
    positives = matrix([[0], [0], [0], [0, 1], [2], [], [0, 3], [0, 3]], 4)
    sampler = RepeatFactor(threshold=0.5)
    expected = [1, 1, 1, 2, 2, 1, np.sqrt(2), np.sqrt(2)]
    assert sampler.factors(positives) == pytest.approx(expected)
    random = np.random.default_rng(0)
    counts = [np.bincount(sampler.rows(positives, random), minlength=8) for _ in range(2000)]
    assert np.mean(counts, axis=0) == pytest.approx(expected, abs=0.05)
    assert {tuple(found[[3, 4, 5]]) for found in counts} == {(2, 2, 1)}
    assert {int(found[6]) for found in counts} == {1, 2}


def test_ml_ros_clones_until_the_share_and_stops_at_the_mean():
    positives = long_tail()
    rows = made("ml-ros", share=0.1).rows(positives, np.random.default_rng(0))
    assert len(rows) == 3300
    # One rare label among frequent ones: it rises until the mean takes it in, then there is nothing to clone.
    few = matrix([[0]] * 40 + [[1]] * 40 + [[2]] * 4, 3)
    rows = made("ml-ros", share=10).rows(few, np.random.default_rng(0))
    assert (rows < 80).sum() == 80
    assert label_counts(few[rows])[2] == 40
    assert len(made("ml-ros", share=0).rows(few, np.random.default_rng(0))) == 84


def test_ml_ros_takes_labels_in_turn():
    positives = matrix([[0]] * 100 + [[1]] * 2 + [[2]] * 2, 3)
    rows = made("ml-ros", share=0.1).rows(positives, np.random.default_rng(0))
    assert label_counts(positives[rows]).tolist() == [100, 7, 7]


def test_ml_ros_counts_the_frequent_labels_of_clones():
    positives = matrix([[0]] * 30 + [[0, 1]] * 2, 2)
    rows = made("ml-ros", share=0.5).rows(positives, np.random.default_rng(0))
    assert label_counts(positives[rows]).tolist() == [48, 18]


def test_lp_ros_raises_rare_sets():
    positives = matrix([[0]] * 60 + [[0, 1]] * 6 + [[1]] * 2 + [[2]] * 12, 3)
    sets = label_sets(positives)
    rows = made("lp-ros", share=0.15).rows(positives, np.random.default_rng(0))
    assert np.bincount(sets[rows]).tolist() == [60, 10, 10, 12]
    rows = made("lp-ros", share=9).rows(positives, np.random.default_rng(0))
    assert np.bincount(sets[rows]).tolist() == [60, 20, 20, 20]
    rows = made("lp-ros", share=1 / 80).rows(positives, np.random.default_rng(0))
    assert np.bincount(sets[rows]).tolist() == [60, 6, 3, 12]
    odd = [made("lp-ros", share=13 / 80).rows(positives, np.random.default_rng(seed)) for seed in range(20)]
    assert {tuple(np.bincount(sets[rows])) for rows in odd} == {(60, 11, 10, 12), (60, 10, 11, 12)}


def test_label_sets_do_not_depend_on_the_order_of_storage():
    positives = matrix([[0, 1], [1, 0], [1], []], 2)
    assert label_sets(positives).tolist() == [0, 0, 1, 2]


def test_ml_rus_leaves_out_documents_of_frequent_labels_alone():
    positives = matrix([[0]] * 60 + [[0, 1]] * 6 + [[1]] * 5 + [[]] * 9, 2)
    sampler = MLRUS(share=0.25, least=10)
    assert sampler.of_frequent_labels(positives).tolist() == [True] * 60 + [False] * 20
    rows = sampler.rows(positives, np.random.default_rng(0))
    assert len(rows) == 60
    assert np.isin(np.arange(60, 80), rows).all()
    assert len(MLRUS(share=0.9, least=10).rows(positives, np.random.default_rng(0))) == 20
    assert not MLRUS(least=67).of_frequent_labels(positives).any()


def test_imbalance_is_relative_to_the_most_frequent_label():
    assert imbalance(np.array([8, 0, 2])).tolist()[::2] == [1.0, 4.0]
    assert np.isnan(imbalance(np.array([8, 0, 2]))[1])
