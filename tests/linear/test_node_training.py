"""Training of a node: which classifiers are trained at all, and which weights are kept."""

import numpy as np
import pytest
from problems import documents
from scipy.sparse import csr_matrix

from manylabel.linear.node_training import ALWAYS, NodeProblem, NodeWeights, gather_rows, train_classifiers
from manylabel.linear.solver_options import SolverOptions

FEATURES, POSITIVES = documents(n=80, d=50, k=6)
ALL = np.arange(80, dtype=np.int32)
TIGHT = SolverOptions(tolerance=1e-5, max_iterations=5000, prune=0.0)


def problem_of(positives):
    positives = csr_matrix(positives)
    ones = np.ones(positives.nnz, np.float32)
    return NodeProblem(positives.indptr.astype(np.int64), positives.indices, ones, positives.shape[1])


def dense(weights, width):
    result = np.zeros((width, len(weights.biases)))
    rows = np.repeat(weights.features, np.diff(weights.indptr))
    result[rows, weights.columns] = weights.values
    return result


def train(rows, positives, options=TIGHT, **costs):
    return train_classifiers(gather_rows(FEATURES, rows), problem_of(positives), options, **costs)


def test_gathered_rows_are_the_rows():
    rows = np.array([5, 3, 70, 3], np.int32)
    local = gather_rows(FEATURES, rows)
    values = [
        local.data[start : start + length] for start, length in zip(local.starts, np.diff(local.indptr), strict=True)
    ]
    again = csr_matrix((np.concatenate(values), local.features[local.indices], local.indptr), shape=(4, 50))
    np.testing.assert_array_equal(again.toarray(), FEATURES[rows].toarray())
    counts = np.bincount(local.indices)
    assert (np.diff(counts) <= 0).all()
    scratch = np.full(50, -1, np.int32)
    other = gather_rows(FEATURES, rows, scratch)
    assert (scratch == -1).all()
    assert other.features.tolist() == local.features.tolist()
    empty = gather_rows(FEATURES, np.zeros(0, np.int32))
    assert (len(empty.features), empty.indptr.tolist()) == (0, [0])


def test_the_numbering_of_features_does_not_matter():
    order = np.random.default_rng(0).permutation(50)
    shuffled = csr_matrix(FEATURES[:, order])
    shuffled.sort_indices()
    plain = dense(train(ALL, POSITIVES), 50)
    other = dense(train_classifiers(gather_rows(shuffled, ALL), problem_of(POSITIVES), TIGHT), 50)
    np.testing.assert_allclose(other, plain[order], atol=1e-3)


def test_classifiers_without_both_kinds_of_example_are_not_trained():
    positives = POSITIVES.toarray()
    positives[:, 1], positives[:, 4] = False, True
    weights = train(ALL, positives)
    assert weights.biases[1] == -np.inf
    assert weights.biases[4] == ALWAYS
    assert not np.isin(weights.columns, [1, 4]).any()
    others = [0, 2, 3, 5]
    alone = train(ALL, positives[:, others])
    np.testing.assert_allclose(dense(weights, 50)[:, others], dense(alone, 50), atol=1e-4)
    np.testing.assert_allclose(weights.biases[others], alone.biases, atol=1e-4)


def test_a_node_without_anything_to_train():
    for positives in (np.zeros((80, 3), bool), np.ones((80, 3), bool), np.zeros((80, 0), bool)):
        weights = train(ALL, positives)
        assert len(weights.features) == len(weights.values) == 0
        assert weights.indptr.tolist() == [0]
        assert len(weights.biases) == positives.shape[1]
    assert train(ALL[:0], np.zeros((0, 2), bool)).biases.tolist() == [-np.inf] * 2
    assert train(ALL[:1], [[True, False]]).biases.tolist() == [ALWAYS, -np.inf]


def test_features_and_columns_are_sorted():
    weights = train(ALL, POSITIVES)
    assert (np.diff(weights.features) > 0).all()
    for start, end in zip(weights.indptr[:-1], weights.indptr[1:], strict=True):
        assert end > start
        assert (np.diff(weights.columns[start:end]) > 0).all()


@pytest.mark.parametrize("threshold", [0.05, 0.3, 1e6])
def test_pruning_keeps_the_weights_from_the_threshold_on(threshold):
    full = dense(train(ALL, POSITIVES), 50)
    pruned = dense(train(ALL, POSITIVES, TIGHT.with_values(prune=threshold)), 50)
    np.testing.assert_array_equal(pruned, np.where(np.abs(full) >= np.float32(threshold), full, 0))
    assert (pruned != 0).sum() < (full != 0).sum()


def test_costs_go_to_the_right_rows_and_classifiers():
    rng = np.random.default_rng(1)
    rows = rng.permutation(80)[:60].astype(np.int32)
    positives = POSITIVES[rows].toarray()
    positives[:, 2] = False  # so that the classifiers solved are not those numbered
    by_document = rng.uniform(0.2, 3, 80).astype(np.float32)
    by_positive, by_negative = rng.uniform(0.2, 3, (2, 6)).astype(np.float32)
    together = train(rows, positives, row_costs=by_document, positive_costs=by_positive, negative_costs=by_negative)
    for label in (0, 3, 5):
        alone = train(
            rows,
            positives[:, [label]],
            row_costs=by_document,
            positive_costs=by_positive[[label]],
            negative_costs=by_negative[[label]],
        )
        np.testing.assert_allclose(dense(together, 50)[:, label], dense(alone, 50)[:, 0], atol=1e-3)
    # Twice the cost of every document is twice C.
    doubled = train(rows, positives, row_costs=np.full(80, 2, np.float32))
    costly = train(rows, positives, TIGHT.with_values(cost=2.0))
    np.testing.assert_array_equal(dense(doubled, 50), dense(costly, 50))


@pytest.mark.parametrize("bias", [0.0, 1.0, 2.0])
def test_the_bias_is_that_of_the_margin(bias):
    weights = train(ALL, POSITIVES, TIGHT.with_values(bias=bias))
    assert (weights.biases == 0).all() == (bias == 0)
    margins = FEATURES @ dense(weights, 50) + weights.biases
    truth = POSITIVES.toarray()
    assert margins[truth].mean() > 0.3 > -0.3 > margins[~truth].mean()


def test_many_nodes_in_a_few_arrays():
    nodes = [train(ALL, POSITIVES), train(ALL, np.zeros((80, 2), bool)), train(ALL[:10], POSITIVES[:10])]
    again = NodeWeights.unpack(NodeWeights.pack(nodes))
    assert len(again) == 3
    for one, other in zip(nodes, again, strict=True):
        for name in ("features", "indptr", "columns", "values", "biases"):
            assert getattr(one, name).dtype == getattr(other, name).dtype
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
