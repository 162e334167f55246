"""The linear family as scikit-learn classifiers: on matrices or texts, for one class or many labels per document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils.metaestimators import available_if

from manylabel.linear.one_vs_rest import fit_one_vs_rest
from manylabel.models.estimators_base import LinearClassifier, Loss
from manylabel.models.estimators_scores import OneVsRestScores, TreeScores
from manylabel.models.linear_ovr_config import LinearOVRConfig
from manylabel.models.linear_tree_config import LinearTreeConfig
from manylabel.text.tfidf_config import TfidfConfig
from manylabel.trees.probabilistic_tree import fit_tree

__all__ = ["LinearOVRClassifier", "LinearTreeClassifier"]


class LinearTreeClassifier(LinearClassifier):
    """A probabilistic label tree of linear classifiers, as a scikit-learn classifier.

    The same model as :class:`manylabel.LinearTree`, fitted on a matrix (dense or sparse) or on texts, which become
    TF-IDF rows; X decides. Targets are one class per document, an indicator matrix, or lists of label names, and
    predictions come back in the same kind. Dense features train best when scaled (``StandardScaler``). With lists of
    names, give scikit-learn's model selection a splitter (``cv=KFold(3)``), since it cannot stratify by them.

    Fits are deterministic. Parameters mirror the configuration of `linear-tree`:

    Args:
        trees: trees whose probabilities are averaged.
        beam_width: nodes kept per level while searching.
        clustering: ``balanced`` (Parabel) or ``kmeans`` (Bonsai).
        branching: children of an inner node; a power of two if balanced.
        leaf_size: labels of a lowest cluster at most; with no more labels than that, there is no tree.
        negatives: ``teacher-forcing`` or ``matcher-aware``: which documents train a node.
        hinge_power: p of a node's probability ``exp(-max(0, 1 - margin)^p)`` under the squared hinge.
        loss: ``squared-hinge`` or ``logistic``.
        cost: C, the weight of the loss against the regulariser.
        tolerance: a classifier stops when its projected gradients lie within a range this wide.
        max_iterations: passes over the documents at most; None: 20 for texts, and 200 for a matrix.
        bias: value of the constant feature; 0 for none.
        prune: smaller weights are dropped after training; None: 0.1 for texts, and 0 for a matrix, since nothing is
            known of the scale of its features (0.1 suits TF-IDF from elsewhere too, and makes a much smaller model).
        threshold: of label sets: the labels of at least this probability. None: of more than 0.5.
        top_n: of label sets: this many labels for each document, whatever their probability.
        tfidf: options of the text features, as a mapping such as ``{"ngram_range": (1, 2)}`` or a `TfidfConfig`; only
            for texts.
        random_state: seed of clustering and solver.

    Attributes:
        classes_: sorted classes or label names; column numbers for an indicator matrix.
        trees_: the fitted trees.
        tfidf_: the fitted text features; None for a matrix.
        n_features_in_, feature_names_in_: of a matrix, as in scikit-learn.
    """

    def __init__(
        self,
        *,
        trees: int = 1,
        beam_width: int = 10,
        clustering: Literal["balanced", "kmeans"] = "balanced",
        branching: int = 16,
        leaf_size: int = 100,
        negatives: Literal["teacher-forcing", "matcher-aware"] = "teacher-forcing",
        hinge_power: int = 3,
        loss: Loss = "squared-hinge",
        cost: float = 1.0,
        tolerance: float = 0.1,
        max_iterations: int | None = None,
        bias: float = 1.0,
        prune: float | None = None,
        threshold: float | None = None,
        top_n: int | None = None,
        tfidf: TfidfConfig | Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.trees = trees
        self.beam_width = beam_width
        self.clustering = clustering
        self.branching = branching
        self.leaf_size = leaf_size
        self.negatives = negatives
        self.hinge_power = hinge_power
        self.loss = loss
        self.cost = cost
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.bias = bias
        self.prune = prune
        self.threshold = threshold
        self.top_n = top_n
        self.tfidf = tfidf
        self.random_state = random_state

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of all labels, each by itself; of classes, they are scaled to a sum of 1.

        Returns:
            float64 ``[n, L]``.

        Raises:
            CapacityError: the result would take more than 1 GB; use :meth:`predict_top_k`.
        """
        return self._probabilities(X)

    def _section(self) -> LinearTreeConfig:
        values = {
            "trees": self.trees,
            "beam_width": self.beam_width,
            "hinge_power": self.hinge_power,
            "tree": {
                "clustering": self.clustering,
                "branching": self.branching,
                "leaf_size": self.leaf_size,
                "negatives": self.negatives,
            },
            "solver": self._solver_values(),
        }
        return LinearTreeConfig.parse(values, source=type(self).__name__)

    def _train(
        self, features: csr_matrix, positives: csr_matrix, costs: np.ndarray | None, section: Any, seed: int
    ) -> None:
        self.trees_ = tuple(
            fit_tree(
                features,
                positives,
                section.tree,
                section.solver,
                hinge_power=section.hinge_power,
                beam_width=section.beam_width,
                seed=seed + number,
                row_costs=costs,
            )
            for number in range(section.trees)
        )

    def _scores(self) -> TreeScores:
        return TreeScores(self.trees_, self.beam_width)


def _is_logistic(classifier: LinearOVRClassifier) -> bool:
    if classifier.loss != "logistic":
        raise AttributeError("probabilities need loss='logistic'")
    return True


class LinearOVRClassifier(LinearClassifier):
    """One versus rest, a linear classifier per label, as a scikit-learn classifier.

    The same model as :class:`manylabel.LinearOVR`, fitted on a matrix (dense or sparse) or on texts, which become
    TF-IDF rows; X decides. Targets are one class per document, an indicator matrix, or lists of label names, and
    predictions come back in the same kind. Dense features train best when scaled (``StandardScaler``). With lists of
    names, give scikit-learn's model selection a splitter (``cv=KFold(3)``), since it cannot stratify by them.

    Fits are deterministic. Parameters mirror the configuration of `linear-ovr`:

    Args:
        loss: ``squared-hinge`` (scores are margins) or ``logistic`` (probabilities).
        cost: C, the weight of the loss against the regulariser.
        tolerance: a classifier stops when its projected gradients lie within a range this wide.
        max_iterations: passes over the documents at most; None: 20 for texts, and 200 for a matrix.
        bias: value of the constant feature; 0 for none.
        prune: smaller weights are dropped after training; None: 0.1 for texts, and 0 for a matrix, since nothing is
            known of the scale of its features (0.1 suits TF-IDF from elsewhere too, and makes a much smaller model).
        threshold: of label sets: the labels of at least this margin (squared hinge) or probability (logistic). None:
            of a positive margin, a probability of more than 0.5.
        top_n: of label sets: this many labels for each document, whatever their scores.
        tfidf: options of the text features, as a mapping such as ``{"ngram_range": (1, 2)}`` or a `TfidfConfig`; only
            for texts.
        random_state: seed of the solver.

    Attributes:
        classes_: sorted classes or label names; column numbers for an indicator matrix.
        classifiers_: the fitted classifiers.
        tfidf_: the fitted text features; None for a matrix.
        n_features_in_, feature_names_in_: of a matrix, as in scikit-learn.
    """

    def __init__(
        self,
        *,
        loss: Loss = "squared-hinge",
        cost: float = 1.0,
        tolerance: float = 0.1,
        max_iterations: int | None = None,
        bias: float = 1.0,
        prune: float | None = None,
        threshold: float | None = None,
        top_n: int | None = None,
        tfidf: TfidfConfig | Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.loss = loss
        self.cost = cost
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.bias = bias
        self.prune = prune
        self.threshold = threshold
        self.top_n = top_n
        self.tfidf = tfidf
        self.random_state = random_state

    @available_if(_is_logistic)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of all labels, each by itself; of classes, they are scaled to a sum of 1.

        Only with ``loss="logistic"``.

        Returns:
            float64 ``[n, L]``.

        Raises:
            CapacityError: the result would take more than 1 GB; use :meth:`predict_top_k`.
        """
        return self._probabilities(X)

    def _section(self) -> LinearOVRConfig:
        return LinearOVRConfig.parse({"solver": self._solver_values()}, source=type(self).__name__)

    def _train(
        self, features: csr_matrix, positives: csr_matrix, costs: np.ndarray | None, section: Any, seed: int
    ) -> None:
        self.classifiers_ = fit_one_vs_rest(features, positives, section.solver, seed=seed, row_costs=costs)
        self._logistic = section.solver.loss == "logistic"

    def _scores(self) -> OneVsRestScores:
        return OneVsRestScores(self.classifiers_, self._logistic)
