"""The `logistic` ranker: a weighted sum of the features and of whether they are there."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.rankers.logistic_config import LogisticConfig
from manylabel.core.run_directory import RunDirectory, RunWriter

_FILE = "ranker.safetensors"


class LogisticRanker(Ranker):
    """Logistic regression on standardised features.

    A feature x enters as ``sign(x) log(1 + 10 |x|)``; a missing one as the mean, beside an indicator that it is
    missing.
    """

    def __init__(self, config: LogisticConfig) -> None:
        self.config = config
        self._means = self._scales = self._weights = np.zeros(0)
        self._facts: dict[str, Any] = {}

    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Learn; see :meth:`Ranker.fit`."""
        inputs = _spread(training.candidates.features)
        known = ~np.isnan(inputs)
        counts = np.maximum(known.sum(axis=0), 1)
        self._means = np.where(known, inputs, 0).sum(axis=0) / counts
        deviations = np.where(known, inputs - self._means, 0)
        self._scales = np.maximum(np.sqrt((deviations**2).sum(axis=0) / counts), 1e-6)
        design, other = self._design(training.candidates), self._design(held_out.candidates)
        best = np.inf
        for cost in self.config.costs:
            model = LogisticRegression(C=cost, max_iter=200, random_state=seed)
            model.fit(design, training.right, sample_weight=training.weights)
            chances = np.clip(model.predict_proba(other)[:, 1], 1e-7, 1 - 1e-7)
            loss = float(log_loss(held_out.right, chances, sample_weight=held_out.weights, labels=[False, True]))
            if loss < best:
                best = loss
                self._weights = np.append(model.coef_[0], model.intercept_)
                names = training.candidates.names
                order = np.argsort(-np.abs(model.coef_[0][: len(names)]), kind="stable").tolist()
                weights = {names[i]: round(float(model.coef_[0][i]), 4) for i in order}
                self._facts = {"cost": cost, "weights": weights}
        return self

    def score(self, candidates: Candidates) -> np.ndarray:
        """Probabilities; see :meth:`Ranker.score`."""
        margins = self._design(candidates) @ self._weights[:-1] + self._weights[-1]
        return (1.0 / (1.0 + np.exp(-margins))).astype(np.float32)

    @property
    def facts(self) -> dict[str, Any]:
        """The cost chosen and the weights; see :attr:`Ranker.facts`."""
        return self._facts

    def write(self, writer: RunWriter) -> None:
        """Write means, scales and weights; see :meth:`Ranker.write`."""
        writer.arrays(_FILE, {"means": self._means, "scales": self._scales, "weights": self._weights})

    def restore(self, run: RunDirectory, n_features: int) -> None:
        """Read means, scales and weights; see :meth:`Ranker.restore`."""
        arrays = run.read_arrays(_FILE)
        self._means, self._scales, self._weights = (arrays[name] for name in ("means", "scales", "weights"))
        if not self._means.shape == self._scales.shape == (n_features,) or self._weights.shape != (2 * n_features + 1,):
            raise ValueError("the ranker's weights have the wrong shape")

    def _design(self, candidates: Candidates) -> np.ndarray:
        inputs = (_spread(candidates.features) - self._means) / self._scales
        missing = np.isnan(inputs)
        return np.hstack([np.where(missing, 0.0, inputs), missing.astype(np.float64)])


def _spread(features: np.ndarray) -> np.ndarray:
    wide = features.astype(np.float64)
    return np.sign(wide) * np.log1p(10 * np.abs(wide))
