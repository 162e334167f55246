"""The exact search by tiles against all products at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manylabel.combine import nearest_dense
from manylabel.combine.nearest import NO_ROW
from manylabel.combine.nearest_dense import NearestDense, ranked


def rows(n, d=8, *, seed=0):
    """Unit vectors, some of them equal and some all zeros."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d))
    vectors[rng.random(n) < 0.1] = 0
    vectors[rng.random(n) < 0.3] = vectors[0]
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


def plain(known, queries, k, below=np.inf):
    """The same by sorting all cosines."""
    cosines = (queries.astype(np.float64) @ known.astype(np.float64).T).astype(np.float32)
    found = np.full((len(queries), k), -1, np.int32)
    values = np.full((len(queries), k), -np.inf, np.float32)
    for query, row in enumerate(cosines):
        order = [i for i in np.lexsort((np.arange(len(row)), -row)) if 0 < row[i] < below][:k]
        found[query, : len(order)], values[query, : len(order)] = order, row[order]
    return found, values


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(nearest_dense, "_QUERIES_PER_TILE", 5)
    monkeypatch.setattr(nearest_dense, "_ROWS_PER_TILE", 7)


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(1, 15), st.integers(0, 1000), st.sampled_from([0.5, 0.95, np.inf]))
def test_finds_the_nearest_rows(n, k, seed, below):
    known, queries = rows(max(n, 1), seed=seed)[:n], rows(13, seed=seed + 1)
    queries[:2] = known[:2] if n >= 2 else queries[:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest_dense, "_QUERIES_PER_TILE", 5)
        patch.setattr(nearest_dense, "_ROWS_PER_TILE", 7)
        found, cosines = NearestDense.build(known).find(queries, k, below=below)
    expected, values = plain(known, queries, k, np.float32(below))
    assert (found.dtype, cosines.dtype) == (np.int32, np.float32)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(cosines, values)


def test_many_rows_of_many_numbers():
    known, queries = rows(3000, 384, seed=4), rows(300, 384, seed=5)
    found, cosines = NearestDense.build(known).find(queries, 40)
    expected, values = plain(known, queries, 40)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(cosines, values)


def test_candidates_are_ranked_as_if_all_were_looked_at():
    known, queries = rows(300, 96, seed=8), rows(20, 96, seed=9)
    shuffled = np.tile(np.random.default_rng(0).permutation(300).astype(np.int32), (20, 1))
    with_gaps = np.insert(shuffled, [0, 7, 300], NO_ROW, axis=1)
    index = NearestDense.build(known)
    for one, other in zip(
        ranked(queries, index.rows, with_gaps, 310), index.find(queries, 310, above=-np.inf), strict=True
    ):
        assert one.tobytes() == other.tobytes()


def test_duplicates_are_rows_of_at_least_the_cosine():
    known = np.array([[1, 0], [0.6, 0.8], [0.5, 0.75**0.5], [0, 1], [-1, 0]], np.float32)
    index = NearestDense.build(known)
    found, cosines = index.find(known[:1], 5, below=0.6)
    assert found.tolist() == [[2, -1, -1, -1, -1]]
    assert cosines[0, 0] == 0.5
    assert index.find(known[:1], 5)[0].tolist() == [[0, 1, 2, -1, -1]]


def test_a_query_alone_is_answered_as_in_company():
    known, queries = rows(500, 96, seed=6), rows(40, 96, seed=7)
    index = NearestDense.build(known)
    found, cosines = index.find(queries, 10)
    for query in range(40):
        alone, values = index.find(queries[query : query + 1], 10)
        assert alone.tobytes() == found[query].tobytes()
        assert values.tobytes() == cosines[query].tobytes()


@pytest.mark.usefixtures("small_tiles")
def test_rows_added_later_are_found_as_if_they_had_been_there():
    first, more, queries = rows(30, seed=1), rows(20, seed=2), rows(9, seed=3)
    index = NearestDense.build(first).with_rows(more)
    whole = NearestDense.build(np.concatenate([first, more]))
    assert index.n_rows == 50
    for one, other in zip(index.find(queries, 10), whole.find(queries, 10), strict=True):
        assert one.tobytes() == other.tobytes()


def test_arrays_are_the_index():
    index = NearestDense.build(rows(30))
    again = NearestDense.from_arrays(index.to_arrays())
    again.validate(8)
    for one, other in zip(index.find(rows(9), 5), again.find(rows(9), 5), strict=True):
        assert one.tobytes() == other.tobytes()
    with pytest.raises(ValueError, match="width"):
        again.validate(9)
    with pytest.raises(ValueError, match="width"):
        NearestDense.from_arrays({"rows": np.zeros(8, np.float32)}).validate(8)
