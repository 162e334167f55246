"""The memory of documents and labels, against the formula written out in double precision."""

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random

from manylabel.combine.key_memory import KeyMemory
from manylabel.combine.nearest_approximate_config import ApproximateConfig
from manylabel.core.arrays import load_arrays, save_arrays

N, L, D = 40, 12, 6


def unit(rng, n, d=D):
    rows = rng.normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def made(seed=0, *, neighbours=15, weight=0.3, scale=8.0):
    rng = np.random.default_rng(seed)
    positives = csr_matrix(random(N, L, 0.2, random_state=seed, format="csr").toarray() * (np.arange(L) % 4 != 1) > 0)
    memory = KeyMemory.of(unit(rng, N), positives, unit(rng, L), scale=scale, neighbours=neighbours)
    return memory.with_weight(weight), unit(rng, 9)


def plainly(memory, queries):
    """Scores ``[n, L]`` by the formula."""
    n = len(memory.documents)
    keys = np.concatenate([memory.documents, memory.labels]).astype(np.float64)
    documented = memory.positives.toarray().any(axis=0)
    found = []
    for query in queries.astype(np.float64):
        heights = memory.scale * (keys @ query)
        near = np.argsort(-heights)[: memory.neighbours]
        weights = np.exp(heights[near])
        of_labels = weights[near >= n].sum() or np.exp(heights[n:].max(initial=0.0))
        scores = np.zeros(memory.n_labels)
        for key, weight in zip(near, weights, strict=True):
            if key < n:
                scores += memory.weight * weight / weights.sum() * memory.positives[[key]].toarray()[0]
            elif (label := memory.numbers[key - n]) >= 0:
                own = (1 - memory.weight) * weight / weights.sum()
                scores[label] += own if documented[label] else weight / of_labels
        for key, label in zip(memory.added.astype(np.float64), memory.added_numbers, strict=True):
            own = np.exp(memory.scale * (key @ query))
            scores[label] += own / (of_labels + own)
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


def test_labels_without_documents_speak_for_themselves_at_any_weight():
    memory, queries = made(weight=0.2)
    others = ~memory.positives.toarray().any(axis=0)
    assert others.sum() == 3
    found = [dense(memory.with_weight(weight), queries)[:, others] for weight in (0.0, 0.5, 1.0)]
    assert (found[0] > 0.01).any()
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()
    alone = dataclasses.replace(memory, documents=memory.documents[:0], positives=memory.positives[:0])
    wide = dataclasses.replace(memory, neighbours=N + L)
    np.testing.assert_allclose(
        dense(wide, queries)[:, others], dense(alone, queries)[:, others], rtol=1e-6
    )  # the memory takes nothing from them


def test_lists_are_sorted_and_padded():
    memory, queries = made()
    indices, scores = memory.best(queries, 30)
    assert indices.shape == scores.shape == (9, 30)
    assert (np.diff(scores[:, : L // 2], axis=1) <= 0).all()
    assert (scores[indices < 0] == -np.inf).all()
    few = memory.best(queries, 3)
    np.testing.assert_array_equal(few[0], indices[:, :3])


def test_a_query_alone_gets_the_same_bits():
    rng = np.random.default_rng(8)
    positives = csr_matrix(random(900, L, 0.2, random_state=8, format="csr") > 0)
    memory = KeyMemory.of(unit(rng, 900), positives, unit(rng, L), scale=20.0, neighbours=200).with_labels(unit(rng, 3))
    queries = unit(rng, 30)
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


def test_an_added_label_beyond_all_keys_has_a_probability_too():
    memory, queries = made(scale=1000.0)
    more = memory.with_labels(np.concatenate([-queries[:1], 3 * queries[:1]]))
    indices, scores = more.best(queries[:1], 2)
    assert indices[0, 0] == L + 1
    assert 0.99 < scores[0, 0] <= 1


def test_equal_keys_stand_with_documents_first():
    vector = unit(np.random.default_rng(0), 1)
    positives = csr_matrix(np.eye(4, 6, dtype=bool))
    documents, labels = np.tile(vector, (4, 1)), np.tile(vector, (6, 1))
    memory = KeyMemory.of(documents, positives, labels, scale=3.0, neighbours=5).with_weight(0.25)
    indices, scores = memory.best(vector, 6)  # four documents and the first label share five parts
    assert indices.tolist() == [[0, 1, 2, 3, -1, -1]]
    np.testing.assert_allclose(scores[0, :4], [0.25 / 5 + 0.75 / 5, 0.05, 0.05, 0.05], rtol=1e-6)


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
    alone = KeyMemory.of(memory.documents, memory.positives, memory.labels[:0], scale=8.0, neighbours=7)
    np.testing.assert_allclose(dense(alone, queries), plainly(alone, queries), rtol=1e-5, atol=1e-7)
    with pytest.raises(ValueError, match="needs"):
        KeyMemory.of(nothing.documents, nothing.positives, memory.labels[:0], scale=8.0, neighbours=7)
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


def test_keys_stay_in_the_file_that_holds_them(tmp_path):
    memory, queries = made()
    save_arrays(tmp_path / "memory.safetensors", memory.to_arrays())
    again = KeyMemory.from_arrays(load_arrays(tmp_path / "memory.safetensors"), L, D)
    assert dense(again, queries).tobytes() == dense(memory, queries).tobytes()
    for index, keys in ((again._document_index, again.documents), (again._label_index, again.labels)):
        assert not keys.flags.writeable
        assert np.shares_memory(index.rows, keys)


@pytest.fixture(scope="module")
def graphs():
    pytest.importorskip("faiss")
    memory, queries = made(neighbours=15)
    return memory, memory.with_graphs(ApproximateConfig(links=8)), queries


def test_keys_found_by_graphs_are_scored_as_others(graphs):
    memory, quick, queries = graphs
    assert memory.recall(queries) == quick.recall(queries) == 1.0  # so few keys are all met
    assert dense(quick, queries).tobytes() == dense(memory, queries).tobytes()


def test_a_graph_that_misses_keys_says_so():
    pytest.importorskip("faiss")
    rng = np.random.default_rng(5)
    documents, labels, queries = unit(rng, 3000, 32), unit(rng, 500, 32), unit(rng, 50, 32)
    nothing = csr_matrix((3000, 500), dtype=bool)
    memory = KeyMemory.of(documents, nothing, labels, scale=8.0, neighbours=4)
    found = memory.with_graphs(ApproximateConfig(links=2, ef_construction=2, ef_search=4)).recall(queries)
    assert 0 < found < 0.9
    keys = np.concatenate([documents, labels])
    best = np.argsort(-(queries @ keys.T), axis=1)[:, :4]
    walked = memory.with_graphs(ApproximateConfig(links=2, ef_construction=2, ef_search=4))._nearest(queries)[0]
    assert found == np.mean([np.isin(one, other).mean() for one, other in zip(best, walked, strict=True)])


def test_graphs_stay_with_what_changes(graphs, tmp_path):
    memory, quick, queries = graphs
    rng = np.random.default_rng(3)
    vectors, positives = unit(rng, 4), csr_matrix(random(4, L + 1, 0.5, random_state=3, format="csr") > 0)
    new, kept = unit(rng, 1), np.arange(1, L + 1)
    plain, quick = (
        one.with_labels(new).with_documents(vectors, positives).keep_labels(kept) for one in (memory, quick)
    )
    save_arrays(tmp_path / "memory.safetensors", quick.to_arrays())
    again = KeyMemory.from_arrays(load_arrays(tmp_path / "memory.safetensors"), L, D)
    for one in (quick, again):
        assert one.document_graph.n_rows == N + 4
        assert one.label_graph.n_rows == L
        assert dense(one, queries).tobytes() == dense(plain, queries).tobytes()


def test_a_graph_of_other_keys_is_refused(graphs):
    arrays = graphs[1].to_arrays()
    with pytest.raises(ValueError, match="other vectors"):
        KeyMemory.from_arrays({**arrays, "labels": arrays["labels"][::-1].copy()}, L, D)


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
        ("settings", np.array([np.inf, 0.5])),
        ("settings", np.array([np.nan, 0.5])),
        ("settings", np.array(1.0)),
        ("neighbours", np.array([0])),
        ("neighbours", np.zeros(0, np.int64)),
        ("added_numbers", np.array([1], np.int32)),
        ("numbers", np.arange(L, dtype=np.float32)),
    ],
)
def test_damaged_arrays_are_refused(name, value):
    arrays = {**made()[0].to_arrays(), name: value}
    with pytest.raises(ValueError, match=r"memory"):
        KeyMemory.from_arrays(arrays, L, D)
