"""Exact beam search down a label tree with linear classifiers at its nodes.

The score of a node is the product of g(margin) along its path, held as a sum of logarithms: g is the logistic function
for the logistic loss and ``exp(-max(0, 1 - margin)^p)`` for the squared hinge (Prabhu et al. 2018; p = 3 in PECOS).
At every level the `beam` best nodes of a document survive; ties go to the smaller index. A beam that holds every node
scores every label.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.core.parallel import run_jobs
from manylabel.core.topk import NO_LABEL
from manylabel.linear.best_list import insert_all, order_ties
from manylabel.linear.chunks import ChunkedWeights, clear_lookup, fill_lookup, score_by_lookup, score_by_search

MARGIN = -1
"""Link that leaves margins as they are (a flat one-versus-rest model is a tree of one level)."""
LOG_SIGMOID = 0
"""Link of the logistic loss; a positive number p is the exponent of the hinge link."""

_DOCUMENTS_PER_JOB = 2048


def search_level(
    features: csr_matrix,
    weights: ChunkedWeights,
    offsets: np.ndarray,
    names: np.ndarray | None,
    beam: tuple[np.ndarray, np.ndarray],
    width: int,
    link: int,
) -> tuple[np.ndarray, np.ndarray]:
    """One step down: the best children of the nodes in the beam.

    Args:
        features: float32 CSR ``[n, d]`` with sorted columns.
        weights: the level's classifiers, one chunk per node of the level above.
        offsets: int64 ``[chunks + 1]``, children of each chunk (a level of :class:`LabelTree`).
        names: int32, what to call each child (the label order at the last level); None for its position.
        beam: nodes int32 ``[n, b]`` (-1 pads) and log scores float32 ``[n, b]`` of the level above.
        width: how many children to keep.
        link: MARGIN, LOG_SIGMOID or the exponent of the hinge.

    Returns:
        The beam of this level, best first.
    """
    n = features.shape[0]
    nodes = np.full((n, width), NO_LABEL, dtype=np.int32)
    scores = np.full((n, width), -np.inf, dtype=np.float32)
    named = names if names is not None else np.zeros(0, np.int32)

    def work(start: int) -> None:
        rows = slice(start, start + _DOCUMENTS_PER_JOB)
        _search_block(
            features.indptr[start : start + _DOCUMENTS_PER_JOB + 1],
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
            named,
            beam[0][rows],
            beam[1][rows],
            nodes[rows],
            scores[rows],
            link,
        )

    for _ in run_jobs(work, range(0, n, _DOCUMENTS_PER_JOB)):
        pass
    return nodes, scores


def root_beam(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The beam above level 0: the root for every document."""
    return np.zeros((n, 1), dtype=np.int32), np.zeros((n, 1), dtype=np.float32)


def finish(nodes: np.ndarray, log_scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn the last beam's log scores into probabilities and order ties, which rounding may create, by label."""
    scores = np.exp(log_scores)
    scores[nodes < 0] = -np.inf
    order_ties(nodes, scores)
    return nodes, scores


@compiled
def log_link(margin: np.float32, link: int) -> np.float32:
    """The logarithm of g(margin)."""
    if link == MARGIN:
        return margin
    if link == LOG_SIGMOID:
        return min(margin, np.float32(0.0)) - np.log1p(np.exp(-abs(margin)))
    short = max(np.float32(1.0) - margin, np.float32(0.0))
    result = short
    for _ in range(link - 1):
        result *= short
    return -result


@compiled
def _search_block(
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
    beam_nodes: np.ndarray,
    beam_scores: np.ndarray,
    nodes: np.ndarray,
    scores: np.ndarray,
    link: int,
) -> None:
    n, beam = beam_nodes.shape
    widest = 0
    for chunk in range(offsets.shape[0] - 1):
        widest = max(widest, offsets[chunk + 1] - offsets[chunk])
    margins = np.empty(widest, np.float32)
    order, starts, visited = _group_by_chunk(beam_nodes, offsets.shape[0] - 1)
    lookup = np.empty(0, np.int32)
    for v in range(visited.shape[0]):
        chunk = visited[v]
        first, last = chunk_indptr[chunk], chunk_indptr[chunk + 1]
        child, count = offsets[chunk], offsets[chunk + 1] - offsets[chunk]
        total = 0
        for p in range(starts[v], starts[v + 1]):
            row = order[p] // beam
            total += indptr[row + 1] - indptr[row]
        # Filling and clearing a lookup costs about two writes a feature, a binary search some ten reads.
        by_lookup = total * 5 > last - first and n > 1
        if by_lookup:
            if lookup.shape[0] == 0:
                lookup = np.full(n_features, -1, np.int32)
            fill_lookup(chunk_features, first, last, lookup)
        for p in range(starts[v], starts[v + 1]):
            row, slot = order[p] // beam, order[p] % beam
            for c in range(count):
                margins[c] = biases[child + c]
            if by_lookup:
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
            else:
                score_by_search(
                    indices,
                    data,
                    indptr[row],
                    indptr[row + 1],
                    chunk_features,
                    first,
                    last,
                    entry_indptr,
                    columns,
                    values,
                    scales[chunk],
                    margins,
                )
            for c in range(count):
                margins[c] = beam_scores[row, slot] + log_link(margins[c], link)
            insert_all(nodes[row], scores[row], margins[:count], child, names)
        if by_lookup:
            clear_lookup(chunk_features, first, last, lookup)


@compiled
def _group_by_chunk(beam_nodes: np.ndarray, n_chunks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order the (row, slot) pairs of a beam by node: flat positions, start of each group, node of each group."""
    n, beam = beam_nodes.shape
    if n == 1:
        present = 0
        while present < beam and beam_nodes[0, present] >= 0:
            present += 1
        return np.arange(present), np.arange(present + 1), beam_nodes[0, :present].astype(np.int64)
    counts = np.zeros(n_chunks + 1, np.int64)
    for row in range(n):
        for slot in range(beam):
            if beam_nodes[row, slot] >= 0:
                counts[beam_nodes[row, slot] + 1] += 1
    n_visited = 0
    for chunk in range(n_chunks):
        n_visited += counts[chunk + 1] > 0
        counts[chunk + 1] += counts[chunk]
    visited, starts = np.empty(n_visited, np.int64), np.empty(n_visited + 1, np.int64)
    position = 0
    for chunk in range(n_chunks):
        if counts[chunk + 1] > counts[chunk]:
            visited[position], starts[position] = chunk, counts[chunk]
            position += 1
    starts[n_visited] = counts[n_chunks]
    order = np.empty(counts[n_chunks], np.int64)
    for row in range(n):
        for slot in range(beam):
            chunk = beam_nodes[row, slot]
            if chunk >= 0:
                order[counts[chunk]] = row * beam + slot
                counts[chunk] += 1
    return order, starts, visited
