"""Shortlists of positives and sampled negatives."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from manylabel.data.sampling.negatives import NegativeSampling


def batch(n: int = 20, n_labels: int = 50, density: float = 0.1, seed: int = 0) -> csr_matrix:
    return csr_matrix(random_array((n, n_labels), density=density, rng=np.random.default_rng(seed)) > 0)


def sections() -> list[NegativeSampling]:
    return [
        NegativeSampling(per_document=k, distribution=distribution)
        for k in (0, 3, 30, 49, 500)
        for distribution in ("uniform", "frequency")
    ]


@pytest.mark.parametrize("section", sections(), ids=lambda s: f"{s.per_document}-{s.distribution}")
@pytest.mark.parametrize("density", [0.0, 0.1, 0.9, 1.0])
def test_shortlists(section, density):
    positives = batch(density=density)
    before = positives.copy()
    counts = (10**6 / np.arange(1, 51) ** 3).astype(int)
    found = [section.shortlist(positives, np.random.default_rng(1), section.cumulative(counts)) for _ in range(2)]
    for one, other in zip(*found, strict=True):
        assert (one == other).all()
    label_ids, targets = found[0]
    assert (label_ids.dtype, targets.dtype) == (np.int64, np.float32)
    assert label_ids.shape == targets.shape
    for row in range(20):
        own = positives.indices[positives.indptr[row] : positives.indptr[row + 1]]
        k, negatives = len(own), min(section.per_document, 50 - len(own))
        assert label_ids[row, :k].tolist() == own.tolist()
        drawn = label_ids[row, k : k + negatives]
        assert len(set(drawn.tolist())) == negatives
        assert not set(drawn.tolist()) & set(own.tolist())
        assert ((drawn >= 0) & (drawn < 50)).all()
        assert (label_ids[row, k + negatives :] == -1).all()
        assert targets[row].tolist() == [1.0] * k + [0.0] * (targets.shape[1] - k)
    assert (before != positives).nnz == 0
    assert label_ids.shape[1] == max(len(row[row >= 0]) for row in label_ids)


def shares(section: NegativeSampling, counts: np.ndarray) -> np.ndarray:
    positives = csr_matrix((20_000, len(counts)), dtype=bool)
    label_ids, _ = section.shortlist(positives, np.random.default_rng(0), section.cumulative(counts))
    return np.bincount(label_ids.ravel(), minlength=len(counts)) / label_ids.size


def test_chances_are_uniform_or_follow_the_frequency():
    counts = np.array([16, 1, 81, 0])
    assert shares(NegativeSampling(per_document=1), counts) == pytest.approx([0.25] * 4, abs=0.02)
    section = NegativeSampling(per_document=1, distribution="frequency")
    assert shares(section, counts) == pytest.approx(np.array([8, 1, 27, 1]) / 37, abs=0.02)


def test_the_race_draws_as_the_rejections_do(monkeypatch):
    counts = np.array([16, 1, 81, 0, 200, 7])
    section = NegativeSampling(per_document=3, distribution="frequency")
    by_rejection = shares(section, counts)
    monkeypatch.setattr("manylabel.data.sampling.negatives._ROUNDS", 0)
    assert shares(section, counts) == pytest.approx(by_rejection, abs=0.01)


def test_frequency_needs_counts():
    with pytest.raises(ValueError, match="number of documents"):
        NegativeSampling(distribution="frequency").shortlist(batch(), np.random.default_rng(0))


def test_empty_batches_and_spaces():
    for shape in ((0, 5), (3, 0), (0, 0)):
        label_ids, targets = NegativeSampling().shortlist(csr_matrix(shape, dtype=bool), np.random.default_rng(0))
        assert label_ids.shape == targets.shape == (shape[0], 0)


def test_memory_does_not_grow_with_the_label_space():
    n_labels = 3_000_000
    positives = csr_matrix((64, n_labels), dtype=bool)
    tracemalloc.start()
    try:
        NegativeSampling(per_document=100).shortlist(positives, np.random.default_rng(0))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
