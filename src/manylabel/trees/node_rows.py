"""Which documents train which node: the ones with a label below it, and the ones a search was led to it by."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.linear.node_training import NodeProblem
from manylabel.trees.label_tree import LabelTree


def nodes_of_documents(tree: LabelTree, positives: csr_matrix) -> list[csr_matrix]:
    """For each level, which of its nodes have a label of the document at or below them.

    Args:
        tree: over the L labels.
        positives: CSR ``[n, L]``.

    Returns:
        One float32 CSR ``[n, nodes of the level]`` per level, sorted; the values count the labels below the node.
    """
    found = []
    for level, ancestor in enumerate(tree.ancestors()):
        ones = np.ones(positives.nnz, dtype=np.float32)
        matrix = csr_matrix(
            (ones, ancestor[positives.indices], positives.indptr.copy()),
            shape=(positives.shape[0], tree.n_nodes(level)),
        )
        matrix.sum_duplicates()
        found.append(matrix)
    return found


class LevelExamples:
    """The training examples of all nodes of the level above `level`, cut out one node at a time.

    Args:
        offsets: of the level, children of each node above.
        children: CSR ``[n, nodes of the level]``: positives of each document at this level.
        visited: CSR ``[n, nodes above]``: the documents that train each node above; None for the root, which all do.
        relevance: weight of each positive pair: ``none`` (1) or ``share`` (the share of the document's labels that
            lie below the child).
    """

    def __init__(
        self, offsets: np.ndarray, children: csr_matrix, visited: csr_matrix | None, relevance: str = "none"
    ) -> None:
        self.offsets = offsets
        self.children = children
        self.by_node = visited.tocsc() if visited is not None else None
        weights = np.ones_like(children.data)
        if relevance == "share":
            sums = np.maximum(np.asarray(children.sum(axis=1)).ravel(), 1.0)
            weights = (children.data / np.repeat(sums, np.diff(children.indptr))).astype(np.float32)
        self.weights = weights

    @property
    def trained_by_all(self) -> bool:
        """Whether every document trains the node above: it is the root."""
        return self.by_node is None

    def rows_of(self, node: int) -> np.ndarray:
        """int32: the documents that train a node."""
        if self.by_node is None:
            return np.arange(self.children.shape[0], dtype=np.int32)
        return self.by_node.indices[self.by_node.indptr[node] : self.by_node.indptr[node + 1]]

    def problem(self, node: int, rows: np.ndarray) -> NodeProblem:
        """The positives of a node's documents; classifiers are numbered by child."""
        first, last = int(self.offsets[node]), int(self.offsets[node + 1])
        indptr, columns, weights = _cut(self.children.indptr, self.children.indices, self.weights, rows, first, last)
        return NodeProblem(indptr, columns, weights, last - first)


@compiled
def _cut(
    indptr: np.ndarray, indices: np.ndarray, weights: np.ndarray, rows: np.ndarray, first: int, last: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries of some rows in the columns from `first` to `last`, columns counted from `first`."""
    n = rows.shape[0]
    out_indptr = np.zeros(n + 1, np.int64)
    for i in range(n):
        inside = 0
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            inside += first <= indices[j] < last
        out_indptr[i + 1] = out_indptr[i] + inside
    columns = np.empty(out_indptr[n], np.int32)
    kept = np.empty(out_indptr[n], np.float32)
    position = 0
    for i in range(n):
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            if first <= indices[j] < last:
                columns[position] = indices[j] - first
                kept[position] = weights[j]
                position += 1
    return out_indptr, columns, kept
