"""Candidates of documents: checked against what a loop makes of the same."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from manylabel.trees.candidates import children_of, targets_of, true_nodes_first


def as_lists(nodes):
    return [[int(node) for node in row if node >= 0] for row in nodes]


def test_true_nodes_come_first_then_the_best_predicted():
    positives = csr_matrix(np.array([[0, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 1]]))
    led = np.array([[4, 3, 0], [2, -1, -1], [2, 3, 0]], np.int32)
    assert as_lists(true_nodes_first(positives, led, 4)) == [[3, 1, 4, 0], [2], [2, 0, 1, 4]]
    assert as_lists(true_nodes_first(positives, led, 2)) == [[3, 1], [2], [2, 0]]
    assert true_nodes_first(positives, led, 4).shape == (3, 4)


def test_without_predictions_there_are_the_true_nodes():
    positives = csr_matrix(np.array([[0, 1, 1], [0, 0, 0]]))
    assert as_lists(true_nodes_first(positives, np.zeros((2, 0), np.int32), 3)) == [[1, 2], []]


@pytest.mark.parametrize("seed", range(5))
def test_true_nodes_first_is_what_a_loop_makes(seed):
    random = np.random.default_rng(seed)
    positives = (random_matrix(30, 12, 0.2, "csr", random_state=seed) > 0).astype(np.float32)
    positives.sort_indices()
    led = np.stack([random.permutation(12)[:5] for _ in range(30)]).astype(np.int32)
    for row in range(30):
        led[row, random.integers(2, 6) :] = -1
    for width in (1, 3, 8):
        expected = []
        for row in range(30):
            true, guessed = positives[row].indices.tolist(), [node for node in led[row].tolist() if node >= 0]
            first = [node for node in guessed if node in true] + [node for node in true if node not in guessed]
            expected.append((first + [node for node in guessed if node not in true])[:width])
        assert as_lists(true_nodes_first(positives, led, width)) == expected


def test_children_with_the_column_of_their_parent():
    offsets = np.array([0, 2, 2, 5])
    children, columns = children_of(np.array([[2, 0, -1], [1, -1, -1], [0, 1, 2]], np.int32), offsets)
    assert as_lists(children) == [[2, 3, 4, 0, 1], [], [0, 1, 2, 3, 4]]
    assert columns[0].tolist() == [0, 0, 0, 1, 1]
    assert columns[2].tolist() == [0, 0, 2, 2, 2]


def test_no_documents_and_no_nodes():
    assert children_of(np.zeros((0, 3), np.int32), np.array([0, 2]))[0].shape == (0, 0)
    assert children_of(np.full((2, 3), -1, np.int32), np.array([0, 2]))[0].shape == (2, 0)


def test_targets():
    positives = csr_matrix(np.array([[1, 0, 0, 1], [0, 0, 0, 0]]))
    children = np.array([[3, 2, 0, -1], [0, 1, 2, 3]])
    assert targets_of(children, positives).tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]


def test_targets_of_padding_are_none():
    """A padded place of the second document is not the last node of the first."""
    positives = csr_matrix(np.array([[0, 1], [0, 0]]))
    assert targets_of(np.array([[1, -1], [-1, -1]]), positives).tolist() == [[1, 0], [0, 0]]
