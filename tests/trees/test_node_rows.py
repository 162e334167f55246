"""Which documents train which node, and as what, against sets."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.trees.label_tree import LabelTree, build_balanced_tree
from manylabel.trees.node_rows import LevelExamples, nodes_of_documents


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    positives = csr_matrix(rng.random((30, 13)) < 0.2)
    tree = build_balanced_tree(csr_matrix(rng.random((13, 5)), dtype=np.float32), branching=2, leaf_size=2)
    return tree, positives


def test_nodes_above_the_labels_of_a_document(case):
    tree, positives = case
    found = nodes_of_documents(tree, positives)
    assert len(found) == tree.depth
    for level, matrix in enumerate(found):
        clusters = tree.clusters(level).toarray()
        expected = positives.toarray().astype(int) @ clusters.T.astype(int)
        np.testing.assert_array_equal(matrix.toarray(), expected)
        assert matrix.has_sorted_indices
        assert matrix.nnz == (expected > 0).sum()


@pytest.mark.parametrize("relevance", ["none", "share"])
def test_the_examples_of_a_node(case, relevance):
    tree, positives = case
    found = nodes_of_documents(tree, positives)
    for level in range(tree.depth):
        examples = LevelExamples(tree.offsets[level], found[level], found[level - 1] if level else None, relevance)
        for node in range(len(tree.offsets[level]) - 1):
            rows = examples.rows_of(node)
            if level == 0:
                assert rows.tolist() == list(range(30))
            else:
                assert rows.tolist() == np.flatnonzero(found[level - 1].toarray()[:, node]).tolist()
            problem = examples.problem(node, rows)
            first, last = tree.offsets[level][node : node + 2]
            assert problem.k == last - first
            counts = found[level].toarray()[rows, first:last]
            weights = np.zeros_like(counts)
            for i in range(len(rows)):
                part = slice(problem.positive_indptr[i], problem.positive_indptr[i + 1])
                weights[i, problem.positive_columns[part]] = problem.positive_weights[part]
            labels = np.diff(positives.indptr)[rows][:, None]
            expected = counts / np.maximum(labels, 1) if relevance == "share" else counts > 0
            np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_documents_without_labels_train_the_root_only():
    tree = LabelTree.from_groups([[0], [1, 2]])
    found = nodes_of_documents(tree, csr_matrix(np.array([[0, 0, 0], [0, 1, 1]], dtype=bool)))
    assert [matrix.toarray().tolist() for matrix in found] == [[[0, 0], [0, 2]], [[0, 0, 0], [0, 1, 1]]]
    examples = LevelExamples(tree.offsets[1], found[1], found[0])
    assert examples.rows_of(0).tolist() == []
    assert examples.rows_of(1).tolist() == [1]
    assert LevelExamples(tree.offsets[0], found[0], None).rows_of(0).tolist() == [0, 1]
