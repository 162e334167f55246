"""Beam search: exact where it holds everything, and the same bits however the documents are handed in."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from tree_cases import as_dense, documents, path_products, train

from manylabel.core import parallel
from manylabel.core.topk import TopK
from manylabel.linear.chunks import ChunkedWeights
from manylabel.linear.node_training import NodeWeights
from manylabel.trees import beam
from manylabel.trees.beam import MARGIN, finish, root_beam, search_level
from manylabel.trees.label_tree import LabelTree
from manylabel.trees.probabilistic_tree import ProbabilisticTree

LABELS, UNSEEN = 60, (7, 33)
FEATURES, POSITIVES = documents(labels=LABELS, unseen=UNSEEN)


@pytest.fixture(scope="module")
def tree():
    return train(FEATURES, POSITIVES)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hinge_power": 1},
        {"solver": {"loss": "logistic"}},
        {"solver": {"prune": 0.0, "bias": 0.0}},
        {"clustering": "kmeans", "branching": 5},
        {"leaf_size": 60},
        {"leaf_size": 1},
        {"negatives": "matcher-aware", "relevance": "share"},
    ],
    ids=str,
)
def test_a_beam_that_holds_everything_finds_the_products_along_all_paths(options):
    trained = train(FEATURES, POSITIVES, **options)
    expected = path_products(trained, FEATURES)
    indices, scores = trained.predict(FEATURES, LABELS, beam_width=LABELS)
    TopK(indices, scores).validate(LABELS)
    found = as_dense(indices, scores, LABELS)
    seen = np.delete(np.arange(LABELS), UNSEEN)
    np.testing.assert_allclose(found[:, seen], expected[:, seen], atol=1e-6)
    assert (expected[:, UNSEEN] == 0).all()
    assert (indices[:, -len(UNSEEN) :] == -1).all()
    assert expected.std() > 0.01


def test_a_narrow_beam_finds_the_best_children_of_the_best_nodes(tree):
    """The search by hand, level by level."""
    width, k = 3, 7
    indices, scores = tree.predict(FEATURES, k, beam_width=width)
    products = path_products(tree, FEATURES)
    ancestors = tree.tree.ancestors()
    partial = []
    for level in range(tree.tree.depth):
        cut = ProbabilisticTree(
            LabelTree(tree.tree.offsets[: level + 1], np.arange(tree.tree.n_nodes(level), dtype=np.int32)),
            tree.levels[: level + 1],
            tree.link,
        )
        partial.append(path_products(cut, FEATURES))
    for row in range(40):
        alive = {0}
        for level in range(tree.tree.depth - 1):
            parents = tree.tree.parents(level)
            children = [node for node in range(len(parents)) if parents[node] in alive]
            alive = set(sorted(children, key=lambda node: (-partial[level][row, node], node))[:width])
        below = [label for label in range(LABELS) if ancestors[-2][label] in alive and label not in UNSEEN]
        best = sorted(below, key=lambda label: (-products[row, label], label))[:k]
        assert indices[row].tolist() == best + [-1] * (k - len(best))
        np.testing.assert_allclose(scores[row, : len(best)], products[row, best], atol=1e-6)


def test_precision_does_not_fall_as_the_beam_widens():
    features, positives = documents(1500, 200, families=12, width=600, seed=4)
    trained = train(features[:1000], positives[:1000], leaf_size=8)
    truth = positives[1000:].toarray()
    precision = []
    for width in (1, 2, 5, 10, 32):
        indices, _ = trained.predict(features[1000:], 5, beam_width=width)
        hits = np.where(indices >= 0, np.take_along_axis(truth, np.maximum(indices, 0).astype(np.int64), axis=1), False)
        precision.append([hits[:, :k].mean() for k in (1, 3, 5)])
    assert (np.diff(precision, axis=0) >= -0.002).all()
    assert precision[-1][0] > precision[0][0] + 0.02


@pytest.mark.parametrize("width", [1, 4, LABELS])
@pytest.mark.parametrize("solver", [{}, {"loss": "logistic"}])
def test_a_document_alone_gets_the_same_bits_as_in_a_batch(width, solver):
    """Alone it is searched by bisection, in a batch through a table."""
    trained = train(FEATURES, POSITIVES, solver=solver)
    indices, scores = trained.predict(FEATURES, 5, beam_width=width)
    for row in range(0, FEATURES.shape[0], 7):
        alone = trained.predict(FEATURES[row], 5, beam_width=width)
        assert alone[0].tobytes() == indices[row].tobytes()
        assert alone[1].tobytes() == scores[row].tobytes()


def test_any_split_of_a_batch_gives_the_same_bits(tree):
    whole = tree.predict(FEATURES, 5, beam_width=4)
    rng = np.random.default_rng(0)
    for _ in range(5):
        cuts = np.sort(rng.integers(0, FEATURES.shape[0] + 1, rng.integers(1, 8)))
        parts = [tree.predict(FEATURES[rows], 5, beam_width=4) for rows in np.split(np.arange(FEATURES.shape[0]), cuts)]
        for position in range(2):
            assert np.concatenate([part[position] for part in parts]).tobytes() == whole[position].tobytes()


def test_any_number_of_threads_gives_the_same_bits(tree, monkeypatch):
    monkeypatch.setattr(beam, "_DOCUMENTS_PER_JOB", 37)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(parallel, "n_threads", lambda threads=threads: threads)
        found.append(tree.predict(FEATURES, 5, beam_width=4))
    for other in found[1:]:
        assert other[0].tobytes() == found[0][0].tobytes()
        assert other[1].tobytes() == found[0][1].tobytes()


def hand_made(biases, groups, weights=None):
    """A tree of two levels over two features; `biases` holds those of the groups, then of the labels in tree order."""
    tree = LabelTree.from_groups(groups)
    tree.validate()
    sizes = [len(groups), *map(len, groups)]
    nodes, start = [], 0
    for size in sizes:
        none = np.zeros(0, np.int32)
        nodes.append(
            NodeWeights(
                none, np.zeros(1, np.int64), none, np.zeros(0, np.float32), np.float32(biases[start : start + size])
            )
        )
        start += size
    levels = (ChunkedWeights.from_nodes(nodes[:1]), ChunkedWeights.from_nodes(nodes[1:]))
    return ProbabilisticTree(tree, levels, 3)


ROW = csr_matrix(np.ones((3, 2), np.float32))


def test_ties_go_to_the_smaller_label():
    tree = hand_made([2.0] * 2 + [2.0] * 6, [[5, 0, 3], [4, 1, 2]])
    assert tree.predict(ROW, 4, beam_width=2)[0].tolist() == [[0, 1, 2, 3]] * 3
    assert tree.predict(ROW, 9, beam_width=2)[0].tolist() == [[0, 1, 2, 3, 4, 5, -1, -1, -1]] * 3
    # Of equal clusters the one of the smaller index survives.
    assert tree.predict(ROW, 4, beam_width=1)[0].tolist() == [[0, 3, 5, -1]] * 3


def test_scores_that_round_to_the_same_probability_are_ordered_by_label():
    tree = hand_made([2.0, 2.0, 1 - 1e-3, 2.0, 1 - 2e-3, 2.0], [[3, 2], [1, 0]])
    indices, scores = tree.predict(ROW, 4, beam_width=2)
    assert scores.tolist() == [[1.0] * 4] * 3
    assert indices.tolist() == [[0, 1, 2, 3]] * 3
    tiny = hand_made([2.0, 2.0, -20.0, -21.0, -22.0, -23.0], [[3, 2], [1, 0]])
    indices, scores = tiny.predict(ROW, 4, beam_width=2)
    assert (scores == 0).all()
    assert indices.tolist() == [[0, 1, 2, 3]] * 3


def test_a_child_that_is_never_to_be_chosen_never_is():
    tree = hand_made([2.0, -np.inf, -3.0, -np.inf, 2.0, 2.0], [[0, 1], [2, 3]])
    indices, scores = tree.predict(ROW, 4, beam_width=2)
    assert indices.tolist() == [[0, -1, -1, -1]] * 3
    assert np.isneginf(scores[:, 1:]).all()
    assert tree.predict(ROW, 4, beam_width=1)[0].tolist() == [[0, -1, -1, -1]] * 3


def test_nothing_to_search_for_and_nothing_to_search_with(tree):
    indices, scores = tree.predict(FEATURES[:0], 3, beam_width=4)
    assert indices.shape == scores.shape == (0, 3)
    empty = csr_matrix((2, FEATURES.shape[1]), dtype=np.float32)
    indices, scores = tree.predict(empty, LABELS, beam_width=LABELS)
    assert indices[0].tolist() == indices[1].tolist()
    np.testing.assert_allclose(
        as_dense(indices, scores, LABELS)[:, 0], path_products(tree, empty)[:, 0], atol=1e-6
    )  # biases alone


def test_a_flat_model_is_a_tree_of_one_level():
    nodes = [
        NodeWeights(
            np.array([0], np.int32),
            np.array([0, 2], np.int64),
            np.array([0, 2], np.int32),
            np.array([0.5, -2.0], np.float32),
            np.array([0.25, 0.5, 1.0], np.float32),
        )
    ]
    offsets = np.array([0, 3], np.int64)
    found = search_level(ROW[:1], ChunkedWeights.from_nodes(nodes), offsets, None, root_beam(1), 3, MARGIN)
    assert found[0].tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(found[1], [[0.75, 0.5, -1.0]], atol=1e-4)


def test_finish_keeps_the_padding():
    nodes, scores = finish(np.array([[1, -1]], np.int32), np.array([[0.0, -np.inf]], np.float32))
    assert (nodes.tolist(), scores.tolist()) == ([[1, -1]], [[1.0, -np.inf]])
