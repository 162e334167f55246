"""The scores of all labels, by walking the whole tree: what a beam that holds every node would find."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.core.parallel import run_jobs
from manylabel.linear.chunks import ChunkedWeights, clear_lookup, fill_lookup, score_by_lookup
from manylabel.trees.beam import log_link
from manylabel.trees.probabilistic_tree import ProbabilisticTree

_DOCUMENTS_PER_JOB = 256


def score_all_labels(tree: ProbabilisticTree, features: csr_matrix) -> np.ndarray:
    """The logarithm of every label's probability for some rows.

    For scorers that work through a few rows at a time: the result grows as n x L. Every value is that of
    :meth:`ProbabilisticTree.predict` with a beam that holds all nodes, to the last bit, before its logarithm is
    undone: so labels stay apart also where single precision has no probability that small.

    Args:
        tree: trained.
        features: float32 CSR ``[n, d]`` with sorted columns.

    Returns:
        float32 ``[n, L]``; ``-inf`` for a label without training documents.
    """
    n = features.shape[0]
    result = np.empty((n, tree.tree.n_labels), np.float32)
    positions = [np.arange(tree.tree.n_nodes(level), dtype=np.int32) for level in range(tree.tree.depth - 1)]
    names = [*positions, tree.tree.label_order]

    def work(start: int) -> None:
        end = min(start + _DOCUMENTS_PER_JOB, n)
        above = np.zeros((end - start, 1), np.float32)
        for level, weights in enumerate(tree.levels):
            last = level == tree.tree.depth - 1
            scores = result[start:end] if last else np.empty((end - start, len(names[level])), np.float32)
            _score_level(features, start, weights, tree.tree.offsets[level], names[level], above, scores, tree.link)
            above = scores

    for _ in run_jobs(work, range(0, n, _DOCUMENTS_PER_JOB)):
        pass
    return result


def _score_level(
    features: csr_matrix,
    start: int,
    weights: ChunkedWeights,
    offsets: np.ndarray,
    names: np.ndarray,
    above: np.ndarray,
    scores: np.ndarray,
    link: int,
) -> None:
    _score_children(
        features.indptr[start : start + len(above) + 1],
        features.indices,
        features.data,
        features.shape[1],
        weights.chunk_indptr,
        weights.features,
        weights.entry_indptr,
        weights.columns,
        weights.values,
        weights.scales,
        weights.biases,
        offsets,
        names,
        above,
        scores,
        link,
    )


@compiled
def _score_children(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    n_features: int,
    chunk_indptr: np.ndarray,
    chunk_features: np.ndarray,
    entry_indptr: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    scales: np.ndarray,
    biases: np.ndarray,
    offsets: np.ndarray,
    names: np.ndarray,
    above: np.ndarray,
    scores: np.ndarray,
    link: int,
) -> None:
    """scores[row, name of a child] = above[row, its parent] + log g(margin of the child)."""
    lookup = np.full(n_features, -1, np.int32)
    margins = np.empty(np.diff(offsets).max(), np.float32)
    for chunk in range(offsets.shape[0] - 1):
        child, count = offsets[chunk], offsets[chunk + 1] - offsets[chunk]
        first, last = chunk_indptr[chunk], chunk_indptr[chunk + 1]
        fill_lookup(chunk_features, first, last, lookup)
        for row in range(above.shape[0]):
            for c in range(count):
                margins[c] = biases[child + c]
            score_by_lookup(
                indices,
                data,
                indptr[row],
                indptr[row + 1],
                lookup,
                entry_indptr,
                columns,
                values,
                scales[chunk],
                margins,
            )
            for c in range(count):
                # The hinge link of an infinite margin would be minus infinity too, the logistic one not a number.
                scored = np.float32(-np.inf)
                if margins[c] > -np.inf:
                    scored = np.float32(above[row, chunk] + log_link(margins[c], link))
                scores[row, names[child + c]] = scored
        clear_lookup(chunk_features, first, last, lookup)
