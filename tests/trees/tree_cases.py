"""Documents with a clustered, long-tailed label space, trees trained on them, and a plain way to score a tree."""

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.linear.solver_options import SolverOptions
from manylabel.trees.probabilistic_tree import fit_tree
from manylabel.trees.tree_options import TreeOptions


def documents(n=400, labels=60, *, families=6, width=240, unseen=(), seed=0):
    """float32 CSR rows of unit length and bool CSR positives; labels of a family share words, labels have their own."""
    rng = np.random.default_rng(seed)
    chance = 1 / np.arange(1, labels + 1)
    chance[list(unseen)] = 0
    family = rng.permutation(labels) % families
    of_label = rng.integers(0, width, (labels, 3))
    of_family = rng.integers(0, width, (families, 3))
    rows, positives = np.zeros((n, width)), np.zeros((n, labels), bool)
    for i in range(n):
        chosen = rng.choice(labels, size=rng.integers(1, 4), replace=False, p=chance / chance.sum())
        positives[i, chosen] = True
        words = [*of_label[chosen].ravel(), *of_family[family[chosen]].ravel(), *rng.integers(0, width, 8)]
        np.add.at(rows[i], words, rng.uniform(0.5, 1.5, len(words)))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return csr_matrix(rows, dtype=np.float32), csr_matrix(positives)


def train(features, positives, *, seed=0, hinge_power=3, beam_width=10, solver=None, row_costs=None, **options):
    chosen = TreeOptions(**{"branching": 2, "leaf_size": 8, **options})
    return fit_tree(
        features,
        positives,
        chosen,
        SolverOptions(**(solver or {})),
        hinge_power=hinge_power,
        beam_width=beam_width,
        seed=seed,
        row_costs=row_costs,
    )


def dense_weights(chunks, offsets, width):
    """Weights [d, children] and biases [children] of a level, float64, from their chunks."""
    weights = np.zeros((width, int(offsets[-1])))
    for chunk in range(len(offsets) - 1):
        for position in range(chunks.chunk_indptr[chunk], chunks.chunk_indptr[chunk + 1]):
            for entry in range(int(chunks.entry_indptr[position]), int(chunks.entry_indptr[position + 1])):
                child = offsets[chunk] + chunks.columns[entry]
                weights[chunks.features[position], child] = chunks.values[entry] * np.float64(chunks.scales[chunk])
    return weights, chunks.biases.astype(np.float64)


def log_g(margins, link):
    if link == 0:
        return -np.logaddexp(0, -margins)
    return -(np.maximum(0, 1 - margins) ** link)


def path_products(tree, features):
    """Probability of every label by multiplying along its path, float64 [n, L]."""
    above = np.ones((features.shape[0], 1))
    for level, chunks in enumerate(tree.levels):
        offsets = tree.tree.offsets[level]
        weights, biases = dense_weights(chunks, offsets, features.shape[1])
        with np.errstate(invalid="ignore"):
            here = np.exp(log_g(features.astype(np.float64) @ weights + biases, tree.link))
        above = above[:, tree.tree.parents(level)] * here
    products = np.empty_like(above)
    products[:, tree.tree.label_order] = above
    return products


def as_dense(indices, scores, labels):
    """Scores [n, L] of a list of labels, -inf where a label is not listed."""
    dense = np.full((len(indices), labels + 1), -np.inf)
    np.put_along_axis(dense, np.where(indices < 0, labels, indices).astype(np.int64), scores, axis=1)
    return dense[:, :labels]
