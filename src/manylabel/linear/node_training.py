"""Training of the classifiers of one node: pick its rows, number its features, solve, prune."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.linear.coordinate_descent import LOGISTIC, SQUARED_HINGE, solve_block
from manylabel.linear.solver_options import SolverOptions

_LOSS_CODES = {"squared-hinge": SQUARED_HINGE, "logistic": LOGISTIC}

ALWAYS = np.float32(30.0)
"""Margin of a classifier all of whose documents are positives: a probability of 1 under every link."""

_NO_DUALS = np.zeros((0, 0), np.float32)
_NO_VALUES = np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class NodeProblem:
    """The training examples of one node with k classifiers.

    Attributes:
        positive_indptr: int64 ``[rows + 1]``, positives of each of the node's documents.
        positive_columns: int32, classifiers below k.
        positive_weights: float32, factor on the cost of each positive.
        k: number of classifiers.
    """

    positive_indptr: np.ndarray
    positive_columns: np.ndarray
    positive_weights: np.ndarray
    k: int


@dataclass(frozen=True, eq=False)
class NodeWeights:
    """Pruned weights of a node's k classifiers.

    Attributes:
        features: int32, sorted: the features with any weight.
        indptr: int64 ``[features + 1]``.
        columns: int32, the classifiers of each weight, sorted within a feature.
        values: float32.
        biases: float32 ``[k]``, the constant feature's weight times its value.
    """

    features: np.ndarray
    indptr: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    biases: np.ndarray

    @staticmethod
    def pack(nodes: Sequence[NodeWeights]) -> dict[str, np.ndarray]:
        """Many nodes as a few named arrays."""
        arrays = {}
        for name in NodeWeights.__dataclass_fields__:
            parts = [getattr(node, name) for node in nodes]
            arrays[name] = np.concatenate(parts) if parts else np.zeros(0)
            arrays[f"{name}_sizes"] = np.array([len(part) for part in parts], dtype=np.int64)
        return arrays

    @staticmethod
    def unpack(arrays: Mapping[str, np.ndarray]) -> list[NodeWeights]:
        """Read what :meth:`pack` gave."""
        columns = [
            np.split(arrays[name], np.cumsum(arrays[f"{name}_sizes"])[:-1]) for name in NodeWeights.__dataclass_fields__
        ]
        return [NodeWeights(*parts) for parts in zip(*columns, strict=True)]


@dataclass(frozen=True, eq=False)
class LocalRows:
    """Some documents with their features numbered by falling frequency among them.

    Attributes:
        rows: int32, the documents.
        indptr: int64 ``[rows + 1]``, of the rows in `indices`.
        indices: int32, local feature numbers.
        starts: int64 ``[rows]``, where the values of each row begin in `data`.
        data: float32, the values of the whole corpus, not copied.
        features: int32, the feature behind each local number.
    """

    rows: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    starts: np.ndarray
    data: np.ndarray
    features: np.ndarray


def gather_rows(features: csr_matrix, rows: np.ndarray, scratch: np.ndarray | None = None) -> LocalRows:
    """Number the features of some documents for the solver; often used weights then lie side by side in the cache.

    Args:
        features: float32 CSR ``[n, d]``.
        rows: int32, which documents.
        scratch: int32 ``[d]`` of -1, left as it was found; saves its allocation for every node.
    """
    number = scratch if scratch is not None else np.full(features.shape[1], -1, np.int32)
    indptr, indices, known = _gather_rows(features.indptr, features.indices, rows, number)
    return LocalRows(rows, indptr, indices, features.indptr[rows].astype(np.int64), features.data, known)


def all_rows(features: csr_matrix) -> LocalRows:
    """All documents as they are, for few classifiers, whose weights fit the cache in any order.

    Args:
        features: float32 CSR ``[n, d]``.
    """
    n, width = features.shape
    starts = features.indptr.astype(np.int64)
    rows, known = np.arange(n, dtype=np.int32), np.arange(width, dtype=np.int32)
    return LocalRows(rows, starts, features.indices, starts[:-1], features.data, known)


def train_classifiers(
    local: LocalRows,
    problem: NodeProblem,
    options: SolverOptions,
    *,
    row_costs: np.ndarray | None = None,
    positive_costs: np.ndarray | None = None,
    negative_costs: np.ndarray | None = None,
    seed: int = 0,
) -> NodeWeights:
    """Train k classifiers on the same documents, and prune.

    A classifier without positives is never to be chosen (bias ``-inf``), one without negatives always (:data:`ALWAYS`).

    Args:
        local: the documents.
        problem: which of them are positives of which classifier.
        options: of the solver.
        row_costs: float32 ``[n]``, factor on the cost of each document of the corpus; ones by default.
        positive_costs: float32 ``[k]``, factor on the cost of each classifier's positives, beside the one of the
            options; ones by default.
        negative_costs: float32 ``[k]``, factor on that of its negatives.
        seed: of the order of documents.
    """
    counts = np.bincount(problem.positive_columns, minlength=problem.k)
    biases = np.where(counts == 0, -np.inf, ALWAYS).astype(np.float32)
    mixed = np.flatnonzero((counts > 0) & (counts < len(local.rows)))
    if len(mixed) == 0:
        return NodeWeights(np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32), _NO_VALUES, biases)
    solved = problem if len(mixed) == problem.k else _only(problem, mixed)
    ones = np.ones(problem.k, np.float32)
    weights, _, learned, _ = solve_block(
        local.indptr,
        local.indices,
        local.starts,
        local.data,
        len(local.features),
        solved.positive_indptr,
        solved.positive_columns,
        solved.positive_weights,
        np.float32(options.cost) * (ones[:1].repeat(len(local.rows)) if row_costs is None else row_costs[local.rows]),
        np.float32(options.positive_cost) * (ones if positive_costs is None else positive_costs)[mixed],
        (ones if negative_costs is None else negative_costs)[mixed],
        np.float32(options.bias),
        _LOSS_CODES[options.loss],
        options.tolerance,
        options.max_iterations,
        seed,
        _NO_DUALS,
    )
    biases[mixed] = learned * np.float32(options.bias)
    kept, indptr, columns, values = _prune(weights, local.features, np.float32(options.prune))
    return NodeWeights(kept, indptr, mixed[columns].astype(np.int32), values, biases)


def _only(problem: NodeProblem, columns: np.ndarray) -> NodeProblem:
    """The same examples for some of the classifiers, renumbered."""
    place = np.full(problem.k, -1, np.int32)
    place[columns] = np.arange(len(columns), dtype=np.int32)
    kept = place[problem.positive_columns] >= 0
    indptr = np.concatenate([[0], np.cumsum(kept)])[problem.positive_indptr]
    return NodeProblem(indptr, place[problem.positive_columns][kept], problem.positive_weights[kept], len(columns))


@compiled
def _gather_rows(
    indptr: np.ndarray, indices: np.ndarray, rows: np.ndarray, number: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The features of some rows, numbered by falling frequency among them, and the feature behind each number.
    `number` is all -1, also at the end."""
    n = rows.shape[0]
    local_indptr = np.zeros(n + 1, np.int64)
    for i in range(n):
        local_indptr[i + 1] = local_indptr[i] + indptr[rows[i] + 1] - indptr[rows[i]]
    local = np.empty(local_indptr[n], np.int32)
    known = np.empty(min(local_indptr[n], number.shape[0]), np.int32)
    counts = np.zeros(known.shape[0], np.int64)
    n_known, position = 0, 0
    for i in range(n):
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            feature = indices[j]
            if number[feature] < 0:
                number[feature] = n_known
                known[n_known] = feature
                n_known += 1
            local[position] = number[feature]
            counts[number[feature]] += 1
            position += 1
    by_frequency = np.argsort(-counts[:n_known], kind="mergesort")
    rank = np.empty(n_known, np.int32)
    for r in range(n_known):
        rank[by_frequency[r]] = r
    for position in range(local.shape[0]):
        local[position] = rank[local[position]]
    for f in range(n_known):
        number[known[f]] = -1
    return local_indptr, local, known[:n_known][by_frequency]


@compiled
def _prune(
    weights: np.ndarray, known: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The weights of at least `threshold`, as CSR over the features that keep any, in the order of their numbers."""
    n_known, k = weights.shape
    lengths = np.zeros(n_known, np.int64)
    for f in range(n_known):
        for c in range(k):
            w = weights[f, c]
            lengths[f] += w != 0 and abs(w) >= threshold
    sorted_local = np.argsort(known, kind="mergesort")
    n_kept, total = 0, 0
    for f in range(n_known):
        n_kept += lengths[f] > 0
        total += lengths[f]
    features = np.empty(n_kept, np.int32)
    indptr = np.zeros(n_kept + 1, np.int64)
    columns = np.empty(total, np.int32)
    values = np.empty(total, np.float32)
    row, position = 0, 0
    for f in sorted_local:
        if lengths[f] == 0:
            continue
        features[row] = known[f]
        for c in range(k):
            w = weights[f, c]
            if w != 0 and abs(w) >= threshold:
                columns[position] = c
                values[position] = w
                position += 1
        row += 1
        indptr[row] = position
    return features, indptr, columns, values
