"""The memory of documents and labels, against the formula written out in double precision."""

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random

from manylabel.combine.key_memory import KeyMemory

N, L, D = 40, 12, 6


def unit(rng, n, d=D):
    rows = rng.normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def made(seed=0, *, neighbours=15, weight=0.3, scale=8.0):
    rng = np.random.default_rng(seed)
    positives = csr_matrix(random(N, L, 0.2, random_state=seed, format="csr") > 0)
    memory = KeyMemory.of(unit(rng, N), positives, unit(rng, L), scale=scale, neighbours=neighbours)
    return memory.with_weight(weight), unit(rng, 9)


def plainly(memory, queries):
    """Scores ``[n, L]`` by the formula."""
    keys = np.concatenate([memory.documents, memory.labels]).astype(np.float64)
    values = np.zeros((len(keys), memory.n_labels))
    values[: len(memory.documents)] = memory.weight * memory.positives.toarray()
    for key, label in enumerate(memory.numbers):
        if label >= 0:
            values[len(memory.documents) + key, label] = 1 - memory.weight
    found = []
    for query in queries.astype(np.float64):
        heights = memory.scale * (keys @ query)
        near = np.argsort(-heights)[: memory.neighbours]
        weights = np.exp(heights[near])
        scores = weights / weights.sum() @ values[near]
        for key, label in zip(memory.added.astype(np.float64), memory.added_numbers, strict=True):
            scores[label] += (1 - memory.weight) * np.exp(memory.scale * (key @ query)) / weights.sum()
        found.append(scores)
    return np.array(found)


def dense(memory, queries):
    indices, scores = memory.best(queries, memory.n_labels)
    found = np.zeros((len(queries), memory.n_labels))
    rows, places = np.nonzero(indices >= 0)
    found[rows, indices[rows, places]] = scores[rows, places]
    return found


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("neighbours", [1, 15, 200])
def test_scores_are_those_of_the_formula(weight, neighbours):
    memory, queries = made(weight=weight, neighbours=neighbours)
    np.testing.assert_allclose(dense(memory, queries), plainly(memory, queries), rtol=1e-5, atol=1e-7)


def test_lists_are_sorted_and_padded():
    memory, queries = made()
    indices, scores = memory.best(queries, 30)
    assert indices.shape == scores.shape == (9, 30)
    assert (np.diff(scores[:, : L // 2], axis=1) <= 0).all()
    assert (scores[indices < 0] == -np.inf).all()
    few = memory.best(queries, 3)
    np.testing.assert_array_equal(few[0], indices[:, :3])


def test_a_query_alone_gets_the_same_bits():
    memory, queries = made()
    together = memory.best(queries, 5)
    for row in range(len(queries)):
        alone = memory.best(queries[row : row + 1], 5)
        assert alone[0].tobytes() == together[0][row].tobytes()
        assert alone[1].tobytes() == together[1][row].tobytes()


def test_added_labels_are_found_and_change_no_other_score():
    memory, queries = made()
    new = unit(np.random.default_rng(9), 3)
    more = memory.with_labels(new)
    assert more.n_labels == L + 3
    np.testing.assert_allclose(dense(more, queries), plainly(more, queries), rtol=1e-5, atol=1e-7)
    before, after = dense(memory, queries), dense(more, queries)
    assert before.tobytes() == np.ascontiguousarray(after[:, :L]).tobytes()
    asked = more.best(new, 1)  # a query that is the label's own vector
    np.testing.assert_array_equal(asked[0].ravel(), [L, L + 1, L + 2])
    twice = more.with_labels(unit(np.random.default_rng(10), 1))
    assert dense(more, queries).tobytes() == np.ascontiguousarray(dense(twice, queries)[:, : L + 3]).tobytes()


def test_removed_labels_are_gone_and_change_no_other_score():
    memory, queries = made()
    more = memory.with_labels(unit(np.random.default_rng(9), 3))
    kept = np.array([0, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14])
    fewer = more.keep_labels(kept)
    assert fewer.n_labels == len(kept)
    before, after = dense(more, queries), dense(fewer, queries)
    assert np.ascontiguousarray(before[:, kept]).tobytes() == after.tobytes()
    np.testing.assert_allclose(after, plainly(fewer, queries), rtol=1e-5, atol=1e-7)


def test_documents_can_be_added():
    memory, queries = made()
    rng = np.random.default_rng(3)
    vectors, positives = unit(rng, 4), csr_matrix(random(4, L, 0.5, random_state=3, format="csr") > 0)
    more = memory.with_documents(vectors, positives)
    whole = dataclasses.replace(
        memory,
        documents=np.concatenate([memory.documents, vectors]),
        positives=csr_matrix(np.concatenate([memory.positives.toarray(), positives.toarray()])),
    )
    assert dense(more, queries).tobytes() == dense(whole, queries).tobytes()


def test_no_documents_no_labels_no_queries():
    memory, queries = made()
    nothing = dataclasses.replace(
        memory, documents=np.zeros((0, D), np.float32), positives=csr_matrix((0, L), dtype=bool)
    )
    np.testing.assert_allclose(dense(nothing, queries), plainly(nothing, queries), rtol=1e-5, atol=1e-7)
    assert memory.best(queries[:0], 3)[0].shape == (0, 3)
    emptied = memory.keep_labels(np.zeros(0, np.int64))
    assert (emptied.best(queries, 2)[0] == -1).all()


def test_equal_scores_are_ordered_by_label():
    labels = np.tile(unit(np.random.default_rng(0), 1), (5, 1))
    memory = KeyMemory.of(
        np.zeros((0, D), np.float32), csr_matrix((0, 5), dtype=bool), labels, scale=3.0, neighbours=10
    )
    np.testing.assert_array_equal(memory.best(labels[:1], 5)[0], [[0, 1, 2, 3, 4]])


def test_arrays_hold_all_of_it():
    memory, queries = made()
    memory = memory.with_labels(unit(np.random.default_rng(9), 2)).keep_labels(np.array([0, 2, 3, 5, 6, 12, 13]))
    arrays = memory.to_arrays()
    for array in arrays.values():
        array.setflags(write=False)
    again = KeyMemory.from_arrays(arrays, 7, D)
    assert dense(again, queries).tobytes() == dense(memory, queries).tobytes()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("numbers", np.full(L, L, np.int32)),
        ("numbers", np.zeros(L - 1, np.int32)),
        ("positives_indices", np.full(1, 3, np.int32)),
        ("documents", np.zeros((N, D + 1), np.float32)),
        ("labels", np.zeros((L, D))),
        ("settings", np.array([0.0, 0.5])),
        ("settings", np.array([1.0, 1.5])),
        ("neighbours", np.array([0])),
        ("added_numbers", np.array([1], np.int32)),
    ],
)
def test_damaged_arrays_are_refused(name, value):
    arrays = {**made()[0].to_arrays(), name: value}
    with pytest.raises(ValueError, match=r"memory"):
        KeyMemory.from_arrays(arrays, L, D)
