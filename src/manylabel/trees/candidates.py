"""Candidates of documents at one level of a label tree: the children of a few nodes of the level above."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.topk import NO_LABEL


def true_nodes_first(positives: csr_matrix, led: np.ndarray, width: int) -> np.ndarray:
    """The nodes below which a document is trained: those with its labels first, then the best that were predicted.

    Of more than `width` nodes with its labels the best predicted ones stay, then those of lower number (LibMultiLabel's
    rule; AttentionXML, You et al. 2019, section 3.3, has fewer than `width` always).

    Args:
        positives: CSR ``[n, nodes]``, sorted: the nodes with labels of each document.
        led: int32 ``[n, b]``: the nodes that were predicted, best first, -1 pads.
        width: nodes of a document at most.

    Returns:
        int32 ``[n, width]``, padded with -1.
    """
    n, nodes = positives.shape
    own = cell_numbers(positives)
    rows, places = np.nonzero(led >= 0)
    found = rows.astype(np.int64) * nodes + led[rows, places]
    is_true = _among(found, own)
    # Sorted by document, then true before not, then by rank; what is true and was not predicted comes behind the true.
    missed = own[~_among(own, np.sort(found))]
    keys = np.concatenate([found, missed])
    late = np.concatenate([~is_true, np.zeros(len(missed), bool)])
    ranks = np.concatenate([places, led.shape[1] + missed % nodes])
    order = np.lexsort((ranks, late, keys // nodes))
    documents = keys[order] // nodes
    position = np.arange(len(order)) - np.searchsorted(documents, documents)
    kept = position < width
    result = np.full((n, width), NO_LABEL, np.int32)
    result[documents[kept], position[kept]] = keys[order][kept] % nodes
    return result


def children_of(nodes: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All children of some nodes of each document.

    Args:
        nodes: int32 ``[B, b]``, -1 pads.
        offsets: of the level of the children, see :class:`LabelTree`.

    Returns:
        Positions of children int64 ``[B, C]``, -1 pads, and the column of `nodes` that each has its parent in,
        int64 ``[B, C]``. C is the largest number of children that a document has.
    """
    there = nodes >= 0
    firsts = offsets[np.where(there, nodes, 0)]
    sizes = np.where(there, offsets[np.where(there, nodes, 0) + 1] - firsts, 0)
    stops = np.cumsum(sizes, axis=1)
    width = int(stops[:, -1].max(initial=0)) if nodes.size else 0
    places = np.arange(width)
    # The parent of the c-th child: as many parents end at or before c.
    columns = _parents_before(stops, width)
    missing = columns >= nodes.shape[1]
    columns = np.where(missing, 0, columns)
    starts = np.take_along_axis(firsts - (stops - sizes), columns, axis=1)
    return np.where(missing, NO_LABEL, starts + places), columns


def targets_of(children: np.ndarray, positives: csr_matrix) -> np.ndarray:
    """Which candidates are labels of their document, float32 ``[B, C]``.

    Args:
        children: int64 ``[B, C]``, -1 pads.
        positives: CSR ``[B, nodes]``, sorted.
    """
    n, nodes = positives.shape
    own = cell_numbers(positives)
    keys = np.arange(n, dtype=np.int64)[:, None] * nodes + children
    return (_among(keys.ravel(), own).reshape(children.shape) & (children >= 0)).astype(np.float32)


def cell_numbers(positives: csr_matrix) -> np.ndarray:
    """Row times columns plus column of what a CSR matrix ``[n, m]`` holds, int64, in its order."""
    n, columns = positives.shape
    return np.repeat(np.arange(n, dtype=np.int64), np.diff(positives.indptr)) * columns + positives.indices


def _parents_before(stops: np.ndarray, width: int) -> np.ndarray:
    """How many parents end at or before each place, int64 ``[B, width]``."""
    n = len(stops)
    keys = np.arange(n)[:, None] * (width + 1) + np.minimum(stops, width)
    ends = np.bincount(keys.ravel(), minlength=n * (width + 1)).reshape(n, width + 1)
    return np.cumsum(ends, axis=1)[:, :width]


def _among(keys: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """Which keys stand in a sorted array."""
    if len(ascending) == 0:
        return np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    return ascending[places] == keys
