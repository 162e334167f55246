"""Top-k lists: made from matrices as a plain loop would make them, and checked."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_matrix

from manylabel.core.labels import LabelSpace
from manylabel.core.topk import NO_LABEL, TopK

# Few different values, so that ties are the rule.
SCORES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=7),
    elements=st.sampled_from([-2.0, -0.5, 0.0, -0.0, 0.25, 1.0, -np.inf]),
)


def naive(candidates, k):
    """Rows of (label, score) pairs, best first, ties by label, padded."""
    rows = [sorted(row, key=lambda pair: (-pair[1], pair[0]))[:k] for row in candidates]
    indices = np.array([[pair[0] for pair in row] + [NO_LABEL] * (k - len(row)) for row in rows], np.int32)
    scores = np.array([[pair[1] for pair in row] + [-np.inf] * (k - len(row)) for row in rows], np.float32)
    return indices.reshape(len(rows), k), scores.reshape(len(rows), k)


def topk(indices, scores, kind="probability", labels=None):
    return TopK(np.array(indices, np.int32), np.array(scores, np.float32), kind, labels)


@given(SCORES, st.integers(0, 9))
def test_from_dense_equals_a_sort(scores, k):
    result = TopK.from_dense(scores, k)
    finite = [[(c, v) for c, v in enumerate(row) if v > -np.inf] for row in scores.tolist()]
    indices, values = naive(finite, k)
    np.testing.assert_array_equal(result.indices, indices)
    np.testing.assert_array_equal(result.scores, values)
    result.validate(scores.shape[1])


@given(SCORES, st.integers(0, 9))
def test_from_csr_equals_a_sort_of_the_stored_entries(scores, k):
    present = scores > -np.inf  # stored entries, among them explicit zeros
    rows, columns = np.nonzero(present)
    indptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    # Columns backwards within a row: the order of storage must not matter.
    backwards = np.lexsort((-columns, rows)) if len(rows) else np.zeros(0, np.int64)
    matrix = csr_matrix((scores[present][backwards], columns[backwards], indptr), shape=scores.shape)
    result = TopK.from_csr(matrix, k)
    stored = [[(c, float(v)) for c, v in enumerate(row) if v > -np.inf] for row in scores]
    indices, values = naive(stored, k)
    np.testing.assert_array_equal(result.indices, indices)
    np.testing.assert_array_equal(result.scores, values)
    result.validate(scores.shape[1])


def test_scores_that_are_equal_once_rounded_are_ordered_by_label():
    matrix = csr_matrix(np.array([[1.0, 1.0 + 1e-12, 1.0 + 2e-12]]))
    for result in (TopK.from_csr(matrix, 3), TopK.from_dense(matrix.toarray(), 3)):
        assert result.indices.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_from_csr_takes_matrices_of_any_type(dtype):
    assert TopK.from_csr(csr_matrix(np.array([[0, 1, 0, 1]], dtype=dtype)), 3).indices.tolist() == [[1, 3, -1]]


@given(SCORES.filter(lambda scores: scores.shape[1] > 0))
def test_to_csr_and_back(scores):
    first = TopK.from_dense(scores, scores.shape[1])
    matrix = first.to_csr(scores.shape[1])
    assert matrix.has_sorted_indices
    second = TopK.from_csr(matrix, scores.shape[1])
    np.testing.assert_array_equal(first.indices, second.indices)
    np.testing.assert_array_equal(first.scores, second.scores)


def test_to_csr_needs_to_know_the_number_of_labels():
    result = topk([[1]], [[0.5]])
    with pytest.raises(ValueError, match="n_labels"):
        result.to_csr()
    assert topk([[1]], [[0.5]], labels=LabelSpace(["a", "b", "c"])).to_csr().shape == (1, 3)


def test_rows_columns_and_batches():
    whole = topk([[2, 0], [1, -1], [0, 1]], [[0.9, 0.1], [0.4, -np.inf], [0.3, 0.2]])
    assert len(whole) == whole.n == 3
    assert whole.k == 2
    parts = [whole[:1], whole[np.array([1])], whole[np.array([False, False, True])]]
    joined = TopK.concatenate(parts)
    np.testing.assert_array_equal(joined.indices, whole.indices)
    np.testing.assert_array_equal(joined.scores, whole.scores)
    assert whole.head(1).indices.tolist() == [[2], [1], [0]]
    assert whole.head(5).k == 2


def test_the_threshold_follows_from_the_kind_of_score():
    assert topk([[0]], [[0.1]], "probability").default_threshold == 0.5
    assert topk([[0]], [[0.1]], "margin").default_threshold == 0.0
    assert topk([[0]], [[0.1]], "similarity").default_threshold == 0.5


def test_a_threshold_of_the_model_goes_wherever_its_scores_go():
    made = dataclasses.replace(topk([[1, 0], [0, 1]], [[0.9, 0.1], [0.8, 0.2]], "similarity"), threshold=0.3)
    assert made.default_threshold == 0.3
    parts = [made[:1], made.head(1), TopK.concatenate([made, made]), made.relabel(np.array([1, 0]))]
    assert [part.default_threshold for part in parts] == [0.3] * 4


def test_relabel_renames_and_keeps_the_order():
    space = LabelSpace(["x", "y", "z"])
    before = topk([[1, 0, -1]], [[0.5, 0.5, -np.inf]])
    after = before.relabel(np.array([2, 1, -1]), space)
    assert after.indices.tolist() == [[1, 2, -1]]
    assert after.scores.tolist() == before.scores.tolist()
    assert after.labels is space
    assert before.indices.tolist() == [[1, 0, -1]]
    with pytest.raises(ValueError, match="absent"):
        topk([[2]], [[0.5]]).relabel(np.array([2, 1, -1]))


@pytest.mark.parametrize(
    ("indices", "scores", "message"),
    [
        ([[3]], [[0.5]], "out of range"),
        ([[-2]], [[0.5]], "out of range"),
        ([[-1, 0]], [[-np.inf, -np.inf]], "padding must stand"),
        ([[0, 1]], [[0.2, 0.3]], "must not increase"),
        ([[0, 1]], [[0.2, np.nan]], "NaN"),
        ([[0, 0]], [[0.2, 0.2]], "twice"),
        ([[1, 0, 1]], [[0.3, 0.2, 0.1]], "twice"),
        ([[1, -1]], [[0.3, 0.2]], "score -inf"),
    ],
)
def test_validate_finds_every_broken_invariant(indices, scores, message):
    with pytest.raises(ValueError, match=message):
        topk(indices, scores).validate(3)


def test_validate_accepts_what_is_allowed():
    topk([[2, 0, -1], [-1, -1, -1]], [[0.5, 0.5, -np.inf], [-np.inf] * 3]).validate(3)
    topk(np.zeros((0, 3)), np.zeros((0, 3))).validate(3)
    topk(np.zeros((2, 0)), np.zeros((2, 0))).validate(3)


def test_shapes_and_types_are_checked():
    with pytest.raises(ValueError, match=r"\[n, k\]"):
        TopK(np.zeros((2, 3), np.int32), np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match=r"\[n, k\]"):
        TopK(np.zeros(2, np.int32), np.zeros(2, np.float32))
    with pytest.raises(TypeError, match="int64"):
        TopK(np.zeros((1, 1), np.int64), np.zeros((1, 1), np.float32))
    with pytest.raises(TypeError, match="float64"):
        TopK(np.zeros((1, 1), np.int32), np.zeros((1, 1), np.float64))
