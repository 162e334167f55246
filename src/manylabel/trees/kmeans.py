"""Spherical k-means without balance, for shallow trees with many children (Khandagale et al. 2020, Bonsai)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled, compiled_fast

_MAX_ITERATIONS = 50
_TOLERANCE = 1e-4


def kmeans(features: csr_matrix, k: int, *, seed: int = 0) -> np.ndarray:
    """Assign rows to k clusters by cosine similarity to the cluster's normalised sum.

    Starts from k distinct rows drawn at random; an emptied cluster stays empty. Deterministic by `seed`.

    Args:
        features: float32 CSR ``[L, d]`` with unit rows; an empty row goes to the smallest cluster of its turn.
        k: number of clusters wanted.
        seed: of the first centroids.

    Returns:
        int32 ``[L]``, cluster numbers below k; fewer than k may occur.
    """
    rng = np.random.default_rng(seed)
    n = features.shape[0]
    used, local = np.unique(features.indices, return_inverse=True)
    filled = np.flatnonzero(np.diff(features.indptr) > 0)
    if len(filled) <= k:
        assignment = np.zeros(n, np.int32)
        assignment[filled] = np.arange(len(filled), dtype=np.int32)
        return assignment
    indices = local.astype(np.int32)
    centroids = np.zeros((len(used), k), np.float32)
    for cluster, row in enumerate(rng.choice(filled, size=k, replace=False)):
        span = slice(features.indptr[row], features.indptr[row + 1])
        centroids[indices[span], cluster] = features.data[span]
    previous = -1.0
    assignment = np.zeros(n, np.int32)
    for _ in range(_MAX_ITERATIONS):
        similarity = _assign(features.indptr, indices, features.data, centroids, assignment)
        if similarity - previous < _TOLERANCE:
            break
        previous = similarity
        _recentre(features.indptr, indices, features.data, centroids, assignment)
    return assignment


@compiled_fast
def _assign(
    indptr: np.ndarray, indices: np.ndarray, data: np.ndarray, centroids: np.ndarray, assignment: np.ndarray
) -> float:
    """Nearest centroid of each row, ties to the smaller number; returns the mean similarity."""
    n, k = assignment.shape[0], centroids.shape[1]
    similarities = np.zeros(k, np.float32)
    total = 0.0
    for i in range(n):
        for c in range(k):
            similarities[c] = 0.0
        for j in range(indptr[i], indptr[i + 1]):
            x, f = data[j], indices[j]
            for c in range(k):
                similarities[c] += x * centroids[f, c]
        best = 0
        for c in range(1, k):
            if similarities[c] > similarities[best]:
                best = c
        assignment[i] = best
        total += similarities[best]
    return total / n


@compiled
def _recentre(
    indptr: np.ndarray, indices: np.ndarray, data: np.ndarray, centroids: np.ndarray, assignment: np.ndarray
) -> None:
    """Centroids become the normalised sums of their rows."""
    centroids[:] = 0.0
    k = centroids.shape[1]
    for i in range(assignment.shape[0]):
        for j in range(indptr[i], indptr[i + 1]):
            centroids[indices[j], assignment[i]] += data[j]
    norms = np.zeros(k, np.float32)
    for f in range(centroids.shape[0]):
        for c in range(k):
            norms[c] += centroids[f, c] ** 2
    for c in range(k):
        norms[c] = np.sqrt(norms[c]) if norms[c] > 0 else np.float32(1.0)
    for f in range(centroids.shape[0]):
        for c in range(k):
            centroids[f, c] /= norms[c]
