"""Small problems for the linear solver, and one way to call it."""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix, diags

from manylabel.linear.coordinate_descent import LOGISTIC, SQUARED_HINGE, solve_block

LOSSES = {"squared-hinge": SQUARED_HINGE, "logistic": LOGISTIC}


def documents(n=200, d=120, k=20, *, density=0.08, seed=0):
    """Rows of unit length and labels that depend on them: frequent ones first, at least two of each kind."""
    rng = np.random.default_rng(seed)
    dense = rng.exponential(size=(n, d)) * (rng.random((n, d)) < density)
    dense[np.arange(n), rng.integers(0, d, n)] += 0.5
    features = csr_matrix(dense)
    features = csr_matrix(diags(1 / np.sqrt(features.multiply(features).sum(axis=1).A1)) @ features, dtype=np.float32)
    features.sort_indices()
    scores = features @ rng.normal(size=(d, k)) + 0.3 * rng.normal(size=(n, k))
    counts = np.maximum(n // 2 // np.arange(1, k + 1), 2)
    positives = np.zeros((n, k), bool)
    for label, count in enumerate(counts):
        positives[np.argsort(-scores[:, label])[:count], label] = True
    return features, csr_matrix(positives)


@dataclass
class Solution:
    """Weights [d, k], duals [n, k], biases [k] and passes [k]."""

    weights: np.ndarray
    duals: np.ndarray
    biases: np.ndarray
    passes: np.ndarray


@dataclass
class Problem:
    """Arguments of the solver, all with a plain default."""

    features: csr_matrix
    positives: csr_matrix
    loss: str = "squared-hinge"
    row_costs: np.ndarray | float = 1.0
    positive_costs: np.ndarray | float = 1.0
    negative_costs: np.ndarray | float = 1.0
    positive_weights: np.ndarray | float = 1.0
    bias: float = 1.0
    tolerance: float = 1e-4
    max_iterations: int = 3000
    seed: int = 0
    initial_duals: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def solve(self):
        n, k = self.positives.shape
        return Solution(
            *solve_block(
                self.features.indptr.astype(np.int64),
                self.features.indices,
                self.features.indptr[:-1].astype(np.int64),
                self.features.data,
                self.features.shape[1],
                self.positives.indptr.astype(np.int64),
                self.positives.indices.astype(np.int32),
                filled(self.positive_weights, self.positives.nnz),
                filled(self.row_costs, n),
                filled(self.positive_costs, k),
                filled(self.negative_costs, k),
                np.float32(self.bias),
                LOSSES[self.loss],
                self.tolerance,
                self.max_iterations,
                self.seed,
                self.initial_duals,
            )
        )

    @property
    def signs(self):
        return np.where(self.positives.toarray(), 1.0, -1.0)

    @property
    def costs(self):
        """Cost of every (row, classifier), float64 [n, k]."""
        n, k = self.positives.shape
        positive = csr_matrix(
            (filled(self.positive_weights, self.positives.nnz), self.positives.indices, self.positives.indptr),
            shape=(n, k),
        ).toarray() * filled(self.positive_costs, k)
        negative = np.broadcast_to(filled(self.negative_costs, k), (n, k))
        costs = np.where(self.positives.toarray(), positive, negative)
        return costs.astype(np.float64) * filled(self.row_costs, n)[:, None]

    def margins(self, weights, biases):
        return self.features.astype(np.float64) @ weights.astype(np.float64) + self.bias * biases

    def objective(self, weights, biases):
        """Value of the primal problem of every classifier, float64 [k]."""
        z = self.signs * self.margins(weights, biases)
        losses = np.maximum(0, 1 - z) ** 2 if self.loss == "squared-hinge" else np.logaddexp(0, -z)
        return 0.5 * (weights.astype(np.float64) ** 2).sum(axis=0) + 0.5 * biases**2 + (self.costs * losses).sum(axis=0)


def filled(value, length):
    return np.broadcast_to(np.asarray(value, np.float32), (length,)).copy()
