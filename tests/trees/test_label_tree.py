"""Label trees: every label once, balanced where they say so, and built the same way every time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from manylabel.core import parallel
from manylabel.trees.balanced_kmeans import halve_repeatedly
from manylabel.trees.kmeans import kmeans
from manylabel.trees.label_tree import LabelTree, build_balanced_tree, build_kmeans_tree


def unit_rows(dense):
    dense = np.asarray(dense, np.float64)
    norms = np.linalg.norm(dense, axis=1, keepdims=True)
    return csr_matrix(dense / np.where(norms > 0, norms, 1), dtype=np.float32)


def scattered(labels, width=30, seed=0):
    rng = np.random.default_rng(seed)
    return unit_rows(rng.random((labels, width)) * (rng.random((labels, width)) < 0.3))


def clustered(groups, each, seed=0):
    """Rows around a few directions, in random order; also the group of each row."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups), each))
    return unit_rows(np.eye(groups)[group] + 0.05 * rng.random((groups * each, groups))), group


def assert_is_tree(tree, labels):
    tree.validate()
    assert tree.n_labels == labels
    assert tree.label_order.dtype == np.int32
    ancestors = tree.ancestors()
    assert ancestors[-1][tree.label_order].tolist() == list(range(labels))
    for level in range(tree.depth):
        clusters = tree.clusters(level)
        assert clusters.shape == (tree.n_nodes(level), labels)
        assert (np.asarray(clusters.sum(axis=0)).ravel() == 1).all()
        assert clusters[ancestors[level], np.arange(labels)].all()
        if level > 0:
            assert tree.parents(level)[ancestors[level]].tolist() == ancestors[level - 1].tolist()


@settings(max_examples=60)
@given(st.integers(1, 70), st.sampled_from([2, 4, 8, 16]), st.integers(1, 20))
def test_balanced_trees_are_balanced(labels, branching, leaf_size):
    tree = build_balanced_tree(scattered(labels), branching=branching, leaf_size=leaf_size)
    assert_is_tree(tree, labels)
    leaves = np.diff(tree.offsets[-1])
    assert leaves.max() <= leaf_size
    assert leaves.max() - leaves.min() <= 1
    for level in range(tree.depth - 1):
        children = np.diff(tree.offsets[level])
        assert (children == branching).all() if level > 0 else children[0] <= branching
    for level in range(tree.depth):
        sizes = np.asarray(tree.clusters(level).sum(axis=1)).ravel()
        assert sizes.max() - sizes.min() <= 1


@settings(max_examples=40)
@given(st.integers(1, 70), st.integers(2, 9), st.integers(1, 20))
def test_kmeans_trees_split_what_can_be_split(labels, branching, leaf_size):
    features = scattered(labels)
    tree = build_kmeans_tree(features, branching=branching, leaf_size=leaf_size)
    assert_is_tree(tree, labels)
    for level in range(tree.depth - 1):
        assert np.diff(tree.offsets[level]).max() <= branching
    clusters = tree.clusters(tree.depth - 2) if tree.depth > 1 else csr_matrix(np.ones((1, labels), bool))
    for members in np.split(clusters.indices, clusters.indptr[1:-1]):
        if len(members) > leaf_size:  # one that nothing distinguishes
            assert len(np.unique(kmeans(features[members], branching))) == 1


@pytest.mark.parametrize("build", [build_balanced_tree, build_kmeans_tree])
def test_labels_that_are_alike_lie_together(build):
    features, group = clustered(groups=4, each=8)
    found = 0
    for seed in range(5):
        tree = build(features, branching=4, leaf_size=8, seed=seed)
        bounds = tree.offsets[-1]
        parts = [set(group[tree.label_order[a:b]]) for a, b in pairwise(bounds)]
        found += all(len(part) == 1 for part in parts)
    assert found >= 1  # k-means may end in a worse place from a bad start, but not always


@pytest.mark.parametrize("build", [build_balanced_tree, build_kmeans_tree])
def test_the_same_seed_gives_the_same_tree_on_any_number_of_threads(build, monkeypatch):
    features = scattered(200)
    trees = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(parallel, "n_threads", lambda threads=threads: threads)
        trees.append(build(features, branching=4, leaf_size=6, seed=3))
    for tree in trees[1:]:
        assert [o.tolist() for o in tree.offsets] == [o.tolist() for o in trees[0].offsets]
        assert tree.label_order.tolist() == trees[0].label_order.tolist()
    other = build(features, branching=4, leaf_size=6, seed=4)
    assert other.label_order.tolist() != trees[0].label_order.tolist()


@pytest.mark.parametrize("build", [build_balanced_tree, build_kmeans_tree])
@pytest.mark.parametrize(
    "features",
    [csr_matrix((9, 5), dtype=np.float32), unit_rows(np.ones((9, 5))), csr_matrix((9, 0), dtype=np.float32)],
    ids=["empty", "identical", "without features"],
)
def test_labels_that_nothing_distinguishes(build, features):
    tree = build(features, branching=2, leaf_size=2)
    assert_is_tree(tree, 9)


def test_kmeans_finds_separate_groups_and_leaves_the_rows_alone():
    features, group = clustered(groups=3, each=10)
    before = features.copy()
    found = [kmeans(features, 3, seed=seed) for seed in range(5)]
    assert (features != before).nnz == 0
    assert any(len(set(zip(group, assignment, strict=True))) == 3 for assignment in found)
    assert all(assignment.min() >= 0 and assignment.max() < 3 for assignment in found)
    assert kmeans(features[:2], 5).tolist() == [0, 1]


def test_halving_gives_nested_parts():
    features = scattered(37)
    order, bounds = halve_repeatedly(features, 3, seed=1)
    assert sorted(order.tolist()) == list(range(37))
    assert len(bounds) == 9
    coarse, coarse_bounds = halve_repeatedly(features, 1, seed=1)
    assert coarse_bounds.tolist() == [0, 19, 37]
    assert set(coarse[:19]) == set(order[: bounds[4]])


def test_a_tree_from_groups():
    tree = LabelTree.from_groups([[2, 0], [1], [4, 3]])
    assert_is_tree(tree, 5)
    assert tree.depth == 2
    assert tree.ancestors()[0].tolist() == [0, 1, 0, 2, 2]
    assert tree.clusters(0).toarray().astype(int).tolist() == [[1, 0, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 1, 1]]
    assert tree.parents(1).tolist() == [0, 0, 1, 2, 2]


def test_arrays_and_back():
    tree = build_balanced_tree(scattered(50), branching=2, leaf_size=3)
    assert tree.depth > 4
    again = LabelTree.from_arrays(tree.to_arrays())
    assert [o.tolist() for o in again.offsets] == [o.tolist() for o in tree.offsets]
    assert again.label_order.tolist() == tree.label_order.tolist()
    assert again.depth == tree.depth


def test_the_same_clusters_among_more_labels():
    tree = LabelTree.from_groups([[2, 0], [1]]).among(np.array([5, 1, 3], np.int32), 8)
    assert_is_tree(tree, 8)
    bounds = tree.offsets[-1]
    parts = [tree.label_order[a:b].tolist() for a, b in pairwise(bounds)]
    assert [part[: len(known)] for part, known in zip(parts, [[3, 5], [1]], strict=True)] == [[3, 5], [1]]
    assert abs(len(parts[0]) - 2 - (len(parts[1]) - 1)) <= 1


def offsets(*values):
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("levels", "order"),
    [
        ([], [0]),
        ([offsets(0, 2)], [0]),
        ([offsets(0, 2)], [0, 0]),
        ([offsets(0, 2)], [1, 2]),
        ([offsets(1, 2)], [0, 1]),
        ([offsets(0, 1, 2)], [0, 1]),
        ([offsets()], [0]),
        ([offsets(0, 2), offsets(0, 3)], [0, 1, 2]),
        ([offsets(0, 2), offsets(0, 2, 1)], [0]),
        ([offsets(0, 2), offsets(0, -1, 2)], [0, 1]),
        ([offsets(0, 2).astype(float)], [0, 1]),
        ([offsets(0, 2).reshape(1, 2)], [0, 1]),
    ],
)
def test_what_is_no_tree_is_found(levels, order):
    with pytest.raises(ValueError, match=r"label tree"):
        LabelTree(tuple(levels), np.array(order, np.int32)).validate()


def test_the_order_of_labels_is_one_of_whole_numbers():
    with pytest.raises(ValueError, match="order of labels"):
        LabelTree((offsets(0, 2),), np.array([0.0, 1.0])).validate()
