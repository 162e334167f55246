"""What the scikit-learn classifiers share: inputs, targets, and how scores become predictions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit, logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from manylabel.core.capacity import format_bytes
from manylabel.core.errors import CapacityError, ConfigError, InputError
from manylabel.core.topk import TopK
from manylabel.linear.solver_options import SolverOptions
from manylabel.models.estimators_inputs import checked_texts, holds_texts, read_weights, to_rows
from manylabel.models.estimators_scores import LabelScores, best_labels, label_sets
from manylabel.models.estimators_targets import Targets, holds_names
from manylabel.text.tfidf import Tfidf
from manylabel.text.tfidf_config import TfidfConfig

LARGEST_DENSE = 10**9
"""Bytes of the largest dense ``[n, L]`` that an estimator returns: 125 million scores."""

_CELLS_PER_BLOCK = 2**22
_SEARCH_FROM = 1000  # classes: the best of fewer is sought among all, and so agrees with the decision function
_LOWEST = float(np.finfo(np.float32).min)
# The solver's own defaults suit TF-IDF, whose rows have unit length. Nothing is known of the scale of other features:
# no weight is small enough to drop, and few dense columns take more passes than many sparse ones.
_OF_MATRICES = {"prune": 0.0, "max_iterations": 200}

Loss = Literal["squared-hinge", "logistic"]


class LinearClassifier(ClassifierMixin, BaseEstimator):
    """Base of the classifiers; a subclass brings parameters, :meth:`_section`, :meth:`_train` and :meth:`_scores`."""

    loss: Loss
    cost: float
    tolerance: float
    max_iterations: int | None
    bias: float
    prune: float | None
    threshold: float | None
    top_n: int | None
    tfidf: TfidfConfig | Mapping[str, Any] | None
    random_state: Any

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on documents and their labels.

        Args:
            X: rows of features ``[n, d]``, dense or sparse, or n texts (list, tuple, Series, 1-d array of strings).
            y: one class per document (n numbers or strings), an indicator matrix ``[n, L]`` (dense or sparse), or one
                collection of label names per document.
            sample_weight: n weights, none negative. A document of weight 2 counts as two to the classifiers and the
                clustering (not to the document frequencies of texts), a document of weight 0 as none.

        Raises:
            ConfigError: an invalid parameter.
            InputError: texts that are not all strings, or lists of names without any name.
            ValueError: as scikit-learn raises it: NaN or infinity, lengths that differ, targets that are no classes.
        """
        section = self._section()
        config = self._tfidf_config()
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        of_texts = holds_texts(X)
        given = checked_texts(X) if of_texts else to_rows(self._validated(X, reset=True))
        targets, positives = Targets.read(y)
        check_consistent_length(given, positives)
        self._check_decision(targets)
        seed = self._seed()
        weights = read_weights(sample_weight, positives.shape[0])
        costs = None
        if weights is not None:
            kept, costs = weights
            given = [given[i] for i in kept.tolist()] if of_texts else given[kept]
            positives = positives[kept]
        features = self._features_to_fit(given, of_texts, config)
        if not of_texts:
            section = section.with_values(solver=SolverOptions.parse({**_OF_MATRICES, **self._solver_values()}))
        self._train(features, positives, costs, section, seed)
        self.classes_ = targets.classes
        self._targets = targets
        return self

    def predict(self, X: Any) -> Any:
        """Classes or label sets, in the same kind as the targets that the classifier was fitted on.

        One class per document: that of the largest score; among more than a thousand classes a tree looks for it with
        its beam. Label sets: the labels with a positive decision, or as `threshold` or `top_n` say; a tree looks for
        them with its beam. Names come best first.

        Raises:
            CapacityError: a dense indicator matrix of more than 1 GB; fit on a sparse one to get sparse ones.
        """
        features = self._features_to_score(X)
        n, n_labels = features.shape[0], len(self.classes_)
        self._check_decision(self._targets)
        if self._targets.single:
            return self.classes_[self._best_classes(features)]
        if self._targets.kind == "dense":
            remedy = "fit on a sparse indicator matrix, then predictions are sparse too"
            _refuse_large(n * n_labels * self._targets.dtype.itemsize, "predict", remedy)
        if self.top_n is not None:
            return self._targets.give(best_labels(self._scores(), features, n_labels, self.top_n))
        scores = self._scores()
        return self._targets.give(label_sets(scores, features, n_labels, scores.cut(self.threshold)))

    def predict_top_k(self, X: Any, k: int = 10) -> TopK:
        """The k best labels of each document, best first: what to use where there are very many labels.

        Returns:
            Label indices (positions in `classes_`, columns of an indicator matrix), and each label's own score: its
            probability, or its margin under one-versus-rest with the squared hinge.

        Raises:
            InputError: k is no whole number of at least 1.
        """
        if not isinstance(k, Integral) or k < 1:
            raise InputError(f"k is {k!r}, expected a whole number of at least 1")
        features = self._features_to_score(X)
        scores = self._scores()
        indices, found = scores.search(features, int(k))
        return TopK(indices, *scores.shown(found), self._targets.labels)

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of all labels: log odds or margins of labels, log probabilities or margins of classes.

        The class with the largest score is predicted, or the labels with positive ones. A tree scores every label,
        without a beam. A label without training documents has the lowest number of single precision, since
        scikit-learn's metrics refuse infinities.

        Returns:
            float64 ``[n, L]``; ``[n]`` for two classes, positive for the second one.

        Raises:
            CapacityError: the result would take more than 1 GB; use :meth:`predict_top_k`.
        """
        features = self._features_to_score(X)
        two = self._targets.single and len(self.classes_) == 2
        result = self._empty(features.shape[0], 1 if two else len(self.classes_), "decision_function")
        scores = self._scores()
        for rows in self._blocks(features.shape[0]):
            block = scores.of_all(features[rows])
            if two:
                result[rows, 0] = scores.between_two(block)
            else:
                result[rows] = block if self._targets.single else scores.log_odds(block)
        np.clip(result, _LOWEST, -_LOWEST, out=result)
        return result[:, 0] if two else result

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of the documents whose class, or whole label set, is predicted exactly (as in scikit-learn)."""
        if not (holds_names(y) and hasattr(self, "_targets") and self._targets.kind == "names"):
            return float(super().score(X, y, sample_weight))
        predicted, _ = self._targets.columns_of(self.predict(X))
        truth, unknown = self._targets.columns_of(y)
        check_consistent_length(predicted, truth)
        common = np.asarray(predicted.multiply(truth).sum(axis=1)).ravel()
        exact = (common == np.diff(predicted.indptr)) & (common == np.diff(truth.indptr)) & ~unknown
        return float(np.average(exact, weights=sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags

    @abstractmethod
    def _section(self) -> Any:
        """The parameters as a checked section of the model's configuration."""

    @abstractmethod
    def _train(
        self, features: csr_matrix, positives: csr_matrix, costs: np.ndarray | None, section: Any, seed: int
    ) -> None:
        """Fit the model; `costs` are the weights of the rows."""

    @abstractmethod
    def _scores(self) -> LabelScores:
        """The fitted model."""

    def _solver_values(self) -> dict[str, Any]:
        """The solver's options that are set."""
        names = ("loss", "cost", "tolerance", "max_iterations", "bias", "prune")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def _tfidf_config(self) -> TfidfConfig:
        if isinstance(self.tfidf, TfidfConfig):
            return self.tfidf
        if self.tfidf is not None and not isinstance(self.tfidf, Mapping):
            raise ConfigError(f"{type(self).__name__}: tfidf: expected a mapping of options, got {self.tfidf!r}")
        return TfidfConfig.parse(self.tfidf or {}, source=f"{type(self).__name__}: tfidf")

    def _seed(self) -> int:
        if not isinstance(self.random_state, Integral):
            return int(check_random_state(self.random_state).randint(2**31 - 1))
        if self.random_state < 0:
            raise ConfigError(f"{type(self).__name__}: random_state: is {self.random_state}, must not be negative")
        return int(self.random_state)

    def _check_decision(self, targets: Targets) -> None:
        if self.threshold is None and self.top_n is None:
            return
        name = type(self).__name__
        if targets.single:
            raise ConfigError(f"{name}: threshold and top_n choose label sets, but y gives one class per document")
        if self.threshold is not None and self.top_n is not None:
            raise ConfigError(f"{name}: threshold and top_n are both set, leave one out")
        if self.top_n is not None and (not isinstance(self.top_n, Integral) or self.top_n < 1):
            raise ConfigError(f"{name}: top_n: expected a whole number of at least 1, got {self.top_n!r}")
        if self.threshold is not None and not isinstance(self.threshold, Real):
            raise ConfigError(f"{name}: threshold: expected a number, got {self.threshold!r}")

    def _validated(self, X: Any, *, reset: bool) -> Any:
        return validate_data(self, X, accept_sparse="csr", dtype=np.float32, order="C", reset=reset)

    def _features_to_fit(self, given: Any, of_texts: bool, config: TfidfConfig) -> csr_matrix:
        if not of_texts:
            if self.tfidf is not None:
                raise InputError("tfidf is set, but X holds rows of features", remedy="leave it out, or give texts")
            self.tfidf_ = None
            return given
        for stale in ("n_features_in_", "feature_names_in_"):  # of an earlier fit on a matrix
            if hasattr(self, stale):
                delattr(self, stale)
        self.tfidf_ = Tfidf(config)
        return self.tfidf_.fit_transform(given)

    def _features_to_score(self, X: Any) -> csr_matrix:
        check_is_fitted(self)
        if self.tfidf_ is None:
            if holds_texts(X):
                raise InputError("this classifier was fitted on rows of features, X holds texts")
            return to_rows(self._validated(X, reset=False))
        if not holds_texts(X) and not (isinstance(X, Sequence) and len(X) == 0):
            raise InputError("this classifier was fitted on texts", remedy="give a sequence of strings")
        return self.tfidf_.transform(checked_texts(X))

    def _blocks(self, n: int) -> Iterator[slice]:
        """Rows that are scored at once, so that single-precision scores of all labels stay near 16 MB."""
        step = max(_CELLS_PER_BLOCK // len(self.classes_), 1)
        return (slice(start, min(start + step, n)) for start in range(0, n, step))

    def _empty(self, n: int, columns: int, method: str) -> np.ndarray:
        _refuse_large(n * columns * 8, method, "use predict_top_k(X, k), or give fewer documents at a time")
        return np.empty((n, columns))

    def _best_classes(self, features: csr_matrix) -> np.ndarray:
        scores = self._scores()
        if len(self.classes_) > _SEARCH_FROM:
            return scores.search(features, 1)[0][:, 0]
        best = np.empty(features.shape[0], np.int64)
        for rows in self._blocks(features.shape[0]):
            best[rows] = scores.of_all(features[rows]).argmax(axis=1)
        return best

    def _probabilities(self, X: Any) -> np.ndarray:
        features = self._features_to_score(X)
        result = self._empty(features.shape[0], len(self.classes_), "predict_proba")
        scores = self._scores()
        for rows in self._blocks(features.shape[0]):
            block = scores.of_all(features[rows])
            if self._targets.single:
                logs = scores.log_probabilities(block)
                result[rows] = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
            else:
                result[rows] = expit(scores.log_odds(block))
        return result


def _refuse_large(size: int, method: str, remedy: str) -> None:
    if size > LARGEST_DENSE:
        limit = format_bytes(LARGEST_DENSE)
        raise CapacityError(f"{method} would return {format_bytes(size)}, over the limit of {limit}: {remedy}")
