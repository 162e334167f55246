"""What labels look like to the clustering, against a dense computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from manylabel.core import parallel
from manylabel.trees import label_features
from manylabel.trees.label_features import pifa


def naive(features, positives, keep):
    sums = positives.toarray().astype(np.float64).T @ features.toarray().astype(np.float64)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    sums[np.abs(sums) < keep * norms] = 0
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.where(norms > 0, norms, 1)


@settings(max_examples=60)
@given(st.integers(0, 2**20), st.sampled_from([0.0, 0.01, 0.3]), st.booleans())
def test_equals_the_normalised_sums(seed, keep, signed):
    rng = np.random.default_rng(seed)
    n, d, labels = rng.integers(1, 12, 3)
    dense = rng.uniform(-1 if signed else 0.01, 1, (n, d)) * (rng.random((n, d)) < 0.5)
    features = csr_matrix(dense, dtype=np.float32)
    positives = csr_matrix(rng.random((n, labels)) < 0.3)
    result = pifa(features, positives, keep=keep)
    assert result.shape == (labels, d)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.toarray(), naive(features, positives, keep), atol=1e-5)
    filled = np.diff(result.indptr) > 0
    np.testing.assert_allclose(np.linalg.norm(result.toarray()[filled], axis=1), 1, atol=1e-5)
    assert (np.diff(result.indptr)[np.asarray(positives.sum(axis=0)).ravel() == 0] == 0).all()


def test_a_sum_that_cancels_counts_a_feature_once():
    features = csr_matrix(np.array([[1.0, 2.0], [-1.0, 0.0], [1.0, 0.0]], np.float32))
    result = pifa(features, csr_matrix(np.ones((3, 1), bool)))
    assert result.nnz == 2
    np.testing.assert_allclose(result.toarray(), [[1 / np.sqrt(5), 2 / np.sqrt(5)]], rtol=1e-6)


@pytest.mark.parametrize("threads", [1, 3])
def test_many_labels_on_any_number_of_threads(monkeypatch, threads):
    monkeypatch.setattr(parallel, "n_threads", lambda: threads)
    monkeypatch.setattr(label_features, "_LABELS_PER_JOB", 7)
    rng = np.random.default_rng(0)
    features = csr_matrix(rng.random((50, 30)) * (rng.random((50, 30)) < 0.2), dtype=np.float32)
    positives = csr_matrix(rng.random((50, 100)) < 0.05)
    np.testing.assert_allclose(pifa(features, positives).toarray(), naive(features, positives, 0), atol=1e-5)


def test_no_labels_and_no_documents():
    assert pifa(csr_matrix((3, 4), dtype=np.float32), csr_matrix((3, 0), dtype=bool)).shape == (0, 4)
    assert pifa(csr_matrix((0, 4), dtype=np.float32), csr_matrix((0, 2), dtype=bool)).nnz == 0
