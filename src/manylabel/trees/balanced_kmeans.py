"""Balanced spherical 2-means, again and again: a set of labels halved by similarity until the parts are small."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.core.parallel import run_jobs

_MAX_ITERATIONS = 20
_TOLERANCE = 1e-4


def halve_repeatedly(features: csr_matrix, depth: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows of a matrix `depth` times into two parts of equal size (up to one).

    Each split is spherical 2-means with balance: rows are sorted by the difference of their cosine similarity to the
    two centroids and cut in the middle, until the mean similarity to the own centroid grows by less than 1e-4 or for
    20 iterations (Prabhu et al. 2018, Parabel, section 3.2). Deterministic by `seed`, on any number of threads.

    Args:
        features: float32 CSR ``[L, d]`` with unit rows; empty rows go wherever the balance puts them.
        depth: number of successive halvings.
        seed: of the choice of the first two centroids.

    Returns:
        The order of rows, int32 ``[L]``, in which every part is contiguous, and the bounds of the ``2 ** depth``
        final parts in that order, int64 ``[2 ** depth + 1]``. The parts of an earlier halving are pairs of these.
    """
    order = np.arange(features.shape[0], dtype=np.int32)
    bounds = np.array([0, features.shape[0]], dtype=np.int64)
    for level in range(depth):
        parts = [(int(bounds[i]), int(bounds[i + 1]), i) for i in range(len(bounds) - 1)]
        _halve_all(features, order, parts, seed=seed * 1_000_003 + level)
        middles = (bounds[:-1] + bounds[1:] + 1) // 2
        bounds = np.sort(np.concatenate([bounds, middles]))
    return order, bounds


def _halve_all(features: csr_matrix, order: np.ndarray, parts: list[tuple[int, int, int]], *, seed: int) -> None:
    def work(part: tuple[int, int, int]) -> None:
        start, end, number = part
        _two_means(
            features.indptr,
            features.indices,
            features.data,
            order[start:end],
            features.shape[1],
            (seed + 7919 * number) % 2**31,
            _MAX_ITERATIONS,
            _TOLERANCE,
        )

    for _ in run_jobs(work, parts):
        pass


@compiled
def _local_features(
    indptr: np.ndarray, indices: np.ndarray, rows: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Number the features of some rows 0, 1, 2, ... as met, so that centroids stay small deep in the tree."""
    number = np.full(width, -1, np.int32)
    local_indptr = np.zeros(rows.shape[0] + 1, np.int64)
    for i in range(rows.shape[0]):
        local_indptr[i + 1] = local_indptr[i] + indptr[rows[i] + 1] - indptr[rows[i]]
    local_indices = np.empty(local_indptr[-1], np.int32)
    known, position = 0, 0
    for i in range(rows.shape[0]):
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            feature = indices[j]
            if number[feature] < 0:
                number[feature] = known
                known += 1
            local_indices[position] = number[feature]
            position += 1
    return local_indptr, local_indices, known


@compiled
def _two_means(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    rows: np.ndarray,
    width: int,
    seed: int,
    max_iterations: int,
    tolerance: float,
) -> None:
    """Reorder `rows` in place so that its first half and its second half are the two clusters."""
    n = rows.shape[0]
    if n < 2:
        return
    np.random.seed(seed)
    half = (n + 1) // 2
    local_indptr, local_indices, known = _local_features(indptr, indices, rows, width)
    order = np.arange(n)
    # Column 0 and 1 are the two centroids; `direction` is their difference, all that the assignment needs.
    centroids = np.zeros((known, 2), np.float32)
    direction = np.zeros(known, np.float32)
    difference = np.zeros(n, np.float32)
    first = np.random.randint(0, n)
    second = (first + 1 + np.random.randint(0, n - 1)) % n
    for member, sign in ((first, np.float32(1.0)), (second, np.float32(-1.0))):
        offset = indptr[rows[member]] - local_indptr[member]
        for j in range(local_indptr[member], local_indptr[member + 1]):
            direction[local_indices[j]] += sign * data[j + offset]
    previous = -1.0
    for iteration in range(max_iterations):
        for i in range(n):
            offset = indptr[rows[i]] - local_indptr[i]
            dot = np.float32(0.0)
            for j in range(local_indptr[i], local_indptr[i + 1]):
                dot += data[j + offset] * direction[local_indices[j]]
            difference[i] = -dot
        order = np.argsort(difference, kind="mergesort")
        if iteration == max_iterations - 1:
            break
        for position in range(n):
            i = order[position]
            side = 0 if position < half else 1
            offset = indptr[rows[i]] - local_indptr[i]
            for j in range(local_indptr[i], local_indptr[i + 1]):
                centroids[local_indices[j], side] += data[j + offset]
        norm0, norm1 = 0.0, 0.0
        for f in range(known):
            norm0 += centroids[f, 0] ** 2
            norm1 += centroids[f, 1] ** 2
        norm0, norm1 = np.sqrt(norm0), np.sqrt(norm1)
        # The similarities of a part's unit rows to its centroid, the normalised sum, add up to the sum's norm.
        similarity = (norm0 + norm1) / n
        if similarity - previous < tolerance:
            break
        previous = similarity
        scale0 = np.float32(1.0 / norm0) if norm0 > 0 else np.float32(0.0)
        scale1 = np.float32(1.0 / norm1) if norm1 > 0 else np.float32(0.0)
        for f in range(known):
            direction[f] = centroids[f, 0] * scale0 - centroids[f, 1] * scale1
            centroids[f, 0] = 0.0
            centroids[f, 1] = 0.0
    rows[:] = rows[order]
