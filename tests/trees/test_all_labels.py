"""Scoring every label: the same to the last bit as a beam that holds the whole tree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_sparse

from manylabel.linear.solver_options import SolverOptions
from manylabel.trees.all_labels import score_all_labels
from manylabel.trees.probabilistic_tree import ProbabilisticTree, fit_tree
from manylabel.trees.tree_options import TreeOptions

ROWS, LABELS, UNSEEN = 400, 60, 7


def make_tree(loss: str) -> tuple[ProbabilisticTree, csr_matrix]:
    features = csr_matrix(random_sparse(ROWS, 150, 0.1, random_state=1, dtype=np.float32))
    features.sort_indices()
    dense = random_sparse(ROWS, LABELS, 0.05, random_state=2).toarray() > 0
    dense[:, UNSEEN] = False
    positives = csr_matrix(dense)
    solver = SolverOptions.parse({"loss": loss, "prune": 0})
    options = TreeOptions(branching=2, leaf_size=8)
    return fit_tree(features, positives, options, solver, hinge_power=3, beam_width=10, seed=0), features


@pytest.mark.parametrize("loss", ["squared-hinge", "logistic"])
def test_equals_a_beam_that_holds_every_node(loss):
    tree, features = make_tree(loss)
    assert tree.tree.depth > 3
    indices, probabilities = tree.predict(features, LABELS, beam_width=LABELS)
    found = np.full((ROWS, LABELS), -np.inf, np.float32)
    present = indices >= 0
    found[np.repeat(np.arange(ROWS), present.sum(axis=1)), indices[present]] = probabilities[present]

    scores = score_all_labels(tree, features)

    assert scores.dtype == np.float32
    np.testing.assert_array_equal(np.isneginf(scores), np.isneginf(found))
    assert np.isneginf(scores[:, UNSEEN]).all()
    assert np.isneginf(scores).sum() == ROWS
    seen = np.delete(np.arange(LABELS), UNSEEN)
    np.testing.assert_array_equal(np.exp(scores[:, seen]), found[:, seen])


def test_rows_do_not_depend_on_each_other():
    tree, features = make_tree("squared-hinge")
    together = score_all_labels(tree, features)
    np.testing.assert_array_equal(score_all_labels(tree, features[37:38]), together[37:38])
    assert score_all_labels(tree, features[:0]).shape == (0, LABELS)


@pytest.mark.parametrize("negatives", ["teacher-forcing", "matcher-aware"])
def test_a_document_of_cost_two_shapes_the_tree_like_two_documents(negatives):
    _, features = make_tree("squared-hinge")
    rng = np.random.default_rng(3)
    positives = csr_matrix(rng.random((ROWS, LABELS)) < 0.04)
    counts = rng.integers(1, 4, ROWS)
    repeated = np.repeat(np.arange(ROWS), counts)
    options = TreeOptions(branching=2, leaf_size=8, negatives=negatives)
    solver = SolverOptions(loss="logistic", tolerance=1e-4, max_iterations=1000, prune=0)
    common = {"hinge_power": 3, "beam_width": 10, "seed": 0}

    weighted = fit_tree(features, positives, options, solver, row_costs=counts.astype(np.float32), **common)
    as_copies = fit_tree(features[repeated], positives[repeated], options, solver, **common)
    unweighted = fit_tree(features, positives, options, solver, **common)

    np.testing.assert_array_equal(weighted.tree.label_order, as_copies.tree.label_order)
    assert not np.array_equal(weighted.tree.label_order, unweighted.tree.label_order)
    np.testing.assert_allclose(
        score_all_labels(weighted, features), score_all_labels(as_copies, features), rtol=1e-2, atol=1e-2
    )
