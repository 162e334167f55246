"""The inverted index against dense products."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, vstack

from manylabel.combine import nearest
from manylabel.combine.nearest import NearestRows, pair_products, unit_rows


def rows(n, d=12, *, density=0.4, seed=0):
    rng = np.random.default_rng(seed)
    return csr_matrix(rng.exponential(size=(n, d)) * (rng.random((n, d)) < density), dtype=np.float32)


def unit(matrix, left_out=None):
    dense = matrix.toarray().astype(np.float64)
    if left_out is not None:
        dense[:, left_out] = 0
    norms = np.linalg.norm(dense, axis=1, keepdims=True)
    return dense / np.where(norms == 0, 1, norms)


@pytest.fixture(autouse=True)
def every_column_counts(monkeypatch):
    monkeypatch.setattr(nearest, "FEW_ROWS", 0)


def test_columns_of_few_rows_are_never_common(monkeypatch):
    monkeypatch.setattr(nearest, "FEW_ROWS", 10)
    assert not NearestRows.build(rows(10), max_share=0.01).common.any()
    assert NearestRows.build(rows(40), max_share=0.01).common.any()


@settings(max_examples=60)
@given(st.integers(1, 20), st.integers(1, 15), st.integers(0, 1000), st.sampled_from([0.3, 0.6, 1.0]))
def test_finds_the_nearest_rows(n, k, seed, max_share):
    known, queries = rows(n, seed=seed), rows(7, seed=seed + 1)
    index = NearestRows.build(known, max_share=max_share)
    common = (known.toarray() > 0).sum(axis=0) > max_share * n
    assert index.common.tolist() == common.tolist()
    cosines = unit(queries, common) @ unit(known, common).T
    found, values = index.find(queries, k)
    for query in range(7):
        best = np.sort(cosines[query][cosines[query] > 0])[::-1][:k]
        assert (found[query] >= 0).sum() == len(best)
        np.testing.assert_allclose(values[query, : len(best)], best, atol=1e-6)
        np.testing.assert_allclose(cosines[query, found[query, : len(best)]], best, atol=1e-6)
        assert np.isneginf(values[query, len(best) :]).all()
        assert len(set(found[query, : len(best)])) == len(best)


def test_ties_go_to_the_smaller_row():
    known = csr_matrix(np.array([[1, 0], [2, 0], [0, 1], [3, 0]], np.float32))
    found, cosines = NearestRows.build(known, max_share=1.0).find(known[:1], 2)
    assert found.tolist() == [[0, 1]]
    assert cosines.tolist() == [[1.0, 1.0]]


def test_duplicates_can_be_passed_over():
    known = csr_matrix(np.array([[1, 0], [1, 0.1], [1, 1]], np.float32))
    found, _ = NearestRows.build(known, max_share=1.0).find(known[:1], 3, below=0.95)
    assert found.tolist() == [[2, -1, -1]]


def test_rows_added_later_are_found_as_if_they_had_been_there():
    first, more, queries = rows(30, seed=1), rows(20, seed=2), rows(9, seed=3)
    index = NearestRows.build(first, max_share=1.0).with_rows(more)
    whole = NearestRows.build(vstack([first, more], format="csr"), max_share=1.0)
    for one, other in zip(index.find(queries, 10), whole.find(queries, 10), strict=True):
        assert one.tobytes() == other.tobytes()
    assert index.n_rows == 50


def test_arrays_are_the_index():
    index = NearestRows.build(rows(30), max_share=0.5)
    again = NearestRows.from_arrays(index.to_arrays())
    again.validate(12)
    queries = rows(9, seed=3)
    for one, other in zip(index.find(queries, 5), again.find(queries, 5), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", ["indptr", "rows", "values", "common"])
def test_damaged_arrays_are_refused(name):
    arrays = NearestRows.build(rows(30), max_share=0.5).to_arrays()
    arrays[name] = arrays[name][:-1]
    with pytest.raises(ValueError, match=r"."):
        NearestRows.from_arrays(arrays).validate(12)
    arrays = NearestRows.build(rows(30), max_share=0.5).to_arrays()
    arrays["rows"] = arrays["rows"] + 30
    with pytest.raises(ValueError, match="out of range"):
        NearestRows.from_arrays(arrays).validate(12)


def test_products_of_chosen_pairs():
    queries, known = rows(6, seed=4), rows(10, seed=5)
    indptr = np.array([0, 2, 2, 5, 6, 8, 9])
    chosen = np.array([3, 1, 0, 9, 4, 4, 7, 2, 6], np.int32)
    dense = queries.toarray() @ known.toarray().T
    expected = dense[np.repeat(np.arange(6), np.diff(indptr)), chosen]
    np.testing.assert_allclose(pair_products(queries, known, indptr, chosen), expected, rtol=1e-5, atol=1e-6)


def test_rows_at_unit_length():
    matrix = rows(8)
    left_out = np.zeros(12, bool)
    left_out[3] = True
    np.testing.assert_allclose(unit_rows(matrix, left_out).toarray(), unit(matrix, left_out), atol=1e-6)
