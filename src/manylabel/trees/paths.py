"""The classifiers that decide on one label of a tree, from the root down to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manylabel.trees.beam import LOG_SIGMOID
from manylabel.trees.probabilistic_tree import ProbabilisticTree


@dataclass(frozen=True, eq=False)
class PathStep:
    """One classifier on the way to a label.

    Attributes:
        weights: float32 ``[m]``, for the features asked about.
        bias: its bias; ``-inf`` on the way to labels without training documents.
    """

    weights: np.ndarray
    bias: float


def path_to(tree: ProbabilisticTree, label: int, features: np.ndarray) -> list[PathStep]:
    """The classifiers on the way to a label, the label's own last.

    Args:
        tree: trained.
        label: index of the label.
        features: int ``[m]``, the features whose weights are wanted.
    """
    node = int(np.flatnonzero(tree.tree.label_order == label)[0])
    steps = []
    for level in range(tree.tree.depth - 1, -1, -1):
        offsets, weights = tree.tree.offsets[level], tree.levels[level]
        above = int(np.searchsorted(offsets, node, side="right")) - 1
        column = node - int(offsets[above])
        steps.append(PathStep(weights.weights_of(features, above, column), float(weights.biases[node])))
        node = above
    return steps[::-1]


def log_probability(tree: ProbabilisticTree, margins: np.ndarray) -> float:
    """The logarithm of a label's probability, from the margins ``[depth]`` on the way to it."""
    if tree.link == LOG_SIGMOID:
        return float(-np.logaddexp(0.0, -margins).sum())
    return float(-(np.maximum(0.0, 1.0 - margins) ** tree.link).sum())
