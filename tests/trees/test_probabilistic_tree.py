"""Training a tree: what each option changes, labels at the edges, and the same bits from the same seed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from tree_cases import as_dense, documents, path_products, train

from manylabel.core import parallel
from manylabel.core.errors import ConfigError
from manylabel.core.stages import Stages
from manylabel.linear.solver_options import SolverOptions
from manylabel.trees.probabilistic_tree import ProbabilisticTree, fit_tree
from manylabel.trees.tree_options import TreeOptions

LABELS = 60
FEATURES, POSITIVES = documents(labels=LABELS)


def same(one, other):
    first, second = one.to_arrays(), other.to_arrays()
    assert first.keys() == second.keys()
    return all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(monkeypatch):
    trees = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(parallel, "n_threads", lambda threads=threads: threads)
        trees.append(train(FEATURES, POSITIVES, seed=5))
    assert same(trees[0], trees[1])
    assert same(trees[0], trees[2])
    assert not same(trees[0], train(FEATURES, POSITIVES, seed=6))


@pytest.mark.parametrize("negatives", ["teacher-forcing", "matcher-aware"])
def test_what_is_given_is_left_as_it_was(negatives):
    features, positives = FEATURES.copy(), POSITIVES.copy()
    costs = np.full(FEATURES.shape[0], 2, np.float32)
    train(features, positives, negatives=negatives, row_costs=costs, relevance="share")
    for given, kept in ((features, FEATURES), (positives, POSITIVES)):
        for name in ("data", "indices", "indptr"):
            assert getattr(given, name).tobytes() == getattr(kept, name).tobytes()
    assert (costs == 2).all()


def test_read_only_input_will_do():
    features, positives = FEATURES.copy(), POSITIVES.copy()
    for matrix in (features, positives):
        for name in ("data", "indices", "indptr"):
            getattr(matrix, name).setflags(write=False)
    assert same(train(features, positives), train(FEATURES, POSITIVES))


def test_arrays_and_back():
    tree = train(FEATURES, POSITIVES, solver={"loss": "logistic"})
    again = ProbabilisticTree.from_arrays(tree.to_arrays())
    again.validate(FEATURES.shape[1], LABELS)
    assert same(tree, again)
    for one, other in zip(
        tree.predict(FEATURES, 5, beam_width=3), again.predict(FEATURES, 5, beam_width=3), strict=True
    ):
        assert one.tobytes() == other.tobytes()


def test_the_search_for_negatives_is_done_with_the_beam():
    plain = train(FEATURES, POSITIVES)
    aware = [train(FEATURES, POSITIVES, negatives="matcher-aware", beam_width=width) for width in (1, 4)]
    # The root is trained on all documents either way; below, there are more negatives.
    assert plain.levels[0].values.tobytes() == aware[0].levels[0].values.tobytes()
    assert not same(plain, aware[0])
    assert not same(aware[0], aware[1])
    wrong = ~POSITIVES.toarray()
    mean = [np.where(wrong, path_products(tree, FEATURES), 0).mean() for tree in (plain, aware[1])]
    assert mean[1] < mean[0]


def test_relevance_weighs_positives_by_their_share():
    plain, shared = train(FEATURES, POSITIVES), train(FEATURES, POSITIVES, relevance="share")
    assert not same(plain, shared)
    # Documents of a single label weigh 1 everywhere, so nothing changes for a corpus of such.
    single = csr_matrix((POSITIVES.shape[0], LABELS), dtype=bool).tolil()
    single[np.arange(POSITIVES.shape[0]), POSITIVES.indices[POSITIVES.indptr[:-1]]] = True
    single = csr_matrix(single)
    assert same(train(FEATURES, single), train(FEATURES, single, relevance="share"))


def test_a_document_of_weight_two_is_a_document_given_twice():
    times = np.random.default_rng(1).integers(1, 3, FEATURES.shape[0])
    repeated = np.repeat(np.arange(FEATURES.shape[0]), times)
    tight = {"tolerance": 1e-5, "max_iterations": 5000, "prune": 0.0}
    one = train(FEATURES, POSITIVES, row_costs=times.astype(np.float32), solver=tight)
    two = train(FEATURES[repeated], POSITIVES[repeated], solver=tight)
    assert one.tree.label_order.tolist() == two.tree.label_order.tolist()
    np.testing.assert_allclose(path_products(one, FEATURES), path_products(two, FEATURES), atol=2e-3)


@pytest.mark.parametrize("loss", ["squared-hinge", "logistic"])
def test_options_of_the_solver_reach_it(loss):
    base = train(FEATURES, POSITIVES, solver={"loss": loss})
    for changed in ({"cost": 3.0}, {"bias": 0.0}, {"prune": 0.0}, {"tolerance": 1e-3}, {"max_iterations": 1}):
        other = train(FEATURES, POSITIVES, solver={"loss": loss, **changed})
        assert [w.values.tobytes() for w in base.levels] != [w.values.tobytes() for w in other.levels], changed
    assert base.link == (3 if loss == "squared-hinge" else 0)


def test_pruning_drops_small_weights_only():
    full = train(FEATURES, POSITIVES, solver={"prune": 0.0})
    pruned = train(FEATURES, POSITIVES, solver={"prune": 0.2})
    for kept, dropped in zip(full.levels, pruned.levels, strict=True):
        assert 0 < dropped.nnz < kept.nnz
        scale = np.repeat(dropped.scales, np.diff(dropped.entry_indptr[dropped.chunk_indptr]))
        assert (np.abs(dropped.values * scale) >= 0.2 - scale).all()
    nothing = train(FEATURES, POSITIVES, solver={"prune": 1e9})
    assert [level.nnz for level in nothing.levels] == [0] * len(nothing.levels)
    indices, scores = nothing.predict(FEATURES[:3], LABELS, beam_width=LABELS)
    found = np.maximum(as_dense(indices, scores, LABELS), 0)
    np.testing.assert_allclose(found, path_products(nothing, FEATURES[:3]), atol=1e-6)  # of biases alone


def test_the_clustering_uses_what_it_is_told():
    texts = csr_matrix(np.eye(LABELS, 40), dtype=np.float32)

    def tree_of(kind, **options):
        chosen = TreeOptions(branching=2, leaf_size=8, label_features=kind, **options)
        label_texts = texts if kind != "pifa" else None
        fitted = fit_tree(
            FEATURES,
            POSITIVES,
            chosen,
            SolverOptions(),
            hinge_power=3,
            beam_width=5,
            seed=0,
            label_texts=label_texts,
        )
        return fitted.tree.label_order.tolist()

    orders = {kind: tree_of(kind) for kind in ("pifa", "text", "mixed")}
    assert len(set(map(tuple, orders.values()))) == 3
    assert tree_of("pifa", pifa_keep=0.3) != orders["pifa"]
    with pytest.raises(ConfigError, match="label_features: text needs a label file"):
        fit_tree(
            FEATURES,
            POSITIVES,
            TreeOptions(label_features="text"),
            SolverOptions(),
            hinge_power=3,
            beam_width=5,
            seed=0,
        )


@pytest.mark.parametrize("leaf_size", [1, 8, 100])
@pytest.mark.parametrize("solver", [{}, {"loss": "logistic"}])
def test_labels_at_the_edges(leaf_size, solver):
    """One without documents, one that all documents have, and one that is alone in having a document."""
    dense = POSITIVES.toarray()
    dense[:, 4], dense[:, 9], dense[:, 11] = False, True, False
    dense[17, 11] = True
    tree = train(FEATURES, csr_matrix(dense), leaf_size=leaf_size, solver=solver)
    indices, scores = tree.predict(FEATURES, LABELS, beam_width=LABELS)
    assert not (indices == 4).any()
    dense_scores = as_dense(indices, scores, LABELS)
    assert (dense_scores[:, 9] == dense_scores.max(axis=1)).all()
    assert dense_scores[17, 11] >= np.quantile(dense_scores[:, 11], 0.9)


def test_almost_all_labels_without_documents():
    dense = POSITIVES.toarray()
    dense[:, 5:] = False
    dense[0, :] = False
    for negatives in ("teacher-forcing", "matcher-aware"):
        for clustering in ("balanced", "kmeans"):
            tree = train(FEATURES, csr_matrix(dense), negatives=negatives, clustering=clustering, leaf_size=2)
            tree.validate(FEATURES.shape[1], LABELS)
            indices, _ = tree.predict(FEATURES, 10, beam_width=LABELS)
            assert sorted(set(indices.ravel().tolist())) == [-1, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("negatives", ["teacher-forcing", "matcher-aware"])
@pytest.mark.parametrize(("n", "labels"), [(1, 1), (1, 5), (5, 1), (2, 2), (3, 40)])
def test_the_smallest_corpora(n, labels, negatives):
    features, _ = documents(n=5, labels=5)
    positives = csr_matrix((np.arange(n)[:, None] % labels == np.arange(labels)).astype(bool))
    tree = train(features[:n], positives, negatives=negatives, leaf_size=2)
    indices, _ = tree.predict(features[:n], labels + 3, beam_width=10)
    assert indices[:, 0].tolist() == (np.arange(n) % labels).tolist()
    assert (np.sort(indices, axis=1)[:, : labels + 3 - min(n, labels)] == -1).all()


def test_the_same_document_with_different_labels():
    features = csr_matrix(np.repeat(FEATURES[:1].toarray(), 6, axis=0))
    positives = csr_matrix(np.array([[1, 0]] * 4 + [[0, 1]] * 2, dtype=bool))
    indices, scores = train(features, positives, leaf_size=1).predict(features[:1], 2, beam_width=2)
    assert indices.tolist() == [[0, 1]]
    assert scores[0, 0] > scores[0, 1] > 0


def test_a_resumed_training_gives_the_same_bits(tmp_path):
    for negatives in ("teacher-forcing", "matcher-aware"):
        expected = train(FEATURES, POSITIVES, negatives=negatives)
        options = TreeOptions(branching=2, leaf_size=8, negatives=negatives)
        arguments = (FEATURES, POSITIVES, options, SolverOptions())
        for _ in range(2):
            stages = Stages.begin(tmp_path / negatives, {}, resume=True)
            found = fit_tree(*arguments, hinge_power=3, beam_width=10, seed=0, stages=stages, prefix="tree0-")
            assert same(found, expected)
        names = sorted(path.name for path in (tmp_path / negatives).glob("*.done"))
        assert names[0] == "tree0-clusters.done"
        assert len(names) == (2 if negatives == "teacher-forcing" else 1 + expected.tree.depth)


def test_parts_of_a_training_are_kept_apart(tmp_path, monkeypatch):
    """Many small parts give what one large part gives."""
    monkeypatch.setattr("manylabel.trees.probabilistic_tree._WORK_PER_PART", 1000)
    stages = Stages.begin(tmp_path / "s", {}, resume=True)
    found = fit_tree(
        FEATURES,
        POSITIVES,
        TreeOptions(branching=2, leaf_size=8),
        SolverOptions(),
        hinge_power=3,
        beam_width=10,
        seed=0,
        stages=stages,
    )
    assert same(found, train(FEATURES, POSITIVES))
    assert len(list((tmp_path / "s").glob("nodes-*.done"))) > 5


def broken(tree, **changes):
    level = replace(tree.levels[1], **changes)
    return ProbabilisticTree(tree.tree, (tree.levels[0], level, *tree.levels[2:]), tree.link)


def changed(array, position, value):
    copy = array.copy()
    copy[position] = value
    return copy


def is_valid(tree, width):
    try:
        tree.validate(width, LABELS)
    except ValueError:
        return False
    return True


def test_arrays_that_reach_beyond_each_other_are_found():
    tree = train(FEATURES, POSITIVES)
    width, level = FEATURES.shape[1], tree.levels[1]
    assert is_valid(tree, width)
    wrong = [
        broken(tree, chunk_indptr=changed(level.chunk_indptr, -1, level.chunk_indptr[-1] + 1)),
        broken(tree, chunk_indptr=changed(level.chunk_indptr, 0, 1)),
        broken(tree, chunk_indptr=level.chunk_indptr[::-1]),
        broken(tree, chunk_indptr=level.chunk_indptr[:-1]),
        broken(tree, entry_indptr=changed(level.entry_indptr, 3, 10**6)),
        broken(tree, features=changed(level.features, 0, -1)),
        broken(tree, features=changed(level.features, -1, width)),
        broken(tree, features=level.features[::-1].copy()),
        broken(tree, features=level.features.astype(np.float32)),
        broken(tree, columns=changed(level.columns, 5, 2)),
        broken(tree, columns=changed(level.columns.astype(np.int8), 5, -1)),
        broken(tree, values=level.values[:-1]),
        broken(tree, values=level.values.astype(np.float64)),
        broken(tree, scales=level.scales[:-1]),
        broken(tree, biases=level.biases[:-1]),
        ProbabilisticTree(tree.tree, tree.levels[:-1], tree.link),
        ProbabilisticTree(tree.tree, tree.levels[::-1], tree.link),
        ProbabilisticTree(tree.tree, tree.levels, 9),
        ProbabilisticTree(tree.tree, tree.levels, -1),
    ]
    assert [number for number, case in enumerate(wrong) if is_valid(case, width)] == []
    with pytest.raises(ValueError, match="a tree of 60 labels for 61"):
        tree.validate(width, LABELS + 1)
    with pytest.raises(ValueError, match="out of range"):
        tree.validate(int(max(level.features.max() for level in tree.levels)), LABELS)


def test_every_trained_tree_is_valid():
    for options in (
        {"leaf_size": 1},
        {"leaf_size": 100},
        {"clustering": "kmeans", "branching": 7},
        {"solver": {"prune": 1e9}},
        {"solver": {"prune": 0.5}},
    ):
        train(FEATURES, POSITIVES, **options).validate(FEATURES.shape[1], LABELS)
