"""Curves from scores to probabilities, fitted on held-out scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from scipy.optimize import minimize_scalar

from manylabel.core.topk import ScoreKind
from manylabel.decide.isotonic import IsotonicCurve

_NEWTON_STEPS = 100
_LARGEST_LOGIT = 30.0
_BINS = 2000
_SAMPLE = 200_000


class Calibrator(ABC):
    """A curve from scores to probabilities that never falls.

    Args:
        kind: what the scores are; probabilities are taken by their logit where the curve is made of logits.
    """

    def __init__(self, kind: ScoreKind) -> None:
        self.kind: ScoreKind = kind

    def fit(self, scores: np.ndarray, hits: np.ndarray) -> Self:
        """Learn from float32 scores and whether each was right, ``[m]`` both."""
        return self.fit_shares(*compress(scores, hits))

    @abstractmethod
    def fit_shares(self, scores: np.ndarray, shares: np.ndarray, counts: np.ndarray) -> Self:
        """Learn from rising float32 scores, the share of each that was right, and how often it was met."""

    @abstractmethod
    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities, float32, of scores of any shape."""

    @abstractmethod
    def to_array(self) -> np.ndarray:
        """The curve as one array."""

    @abstractmethod
    def restore(self, array: np.ndarray) -> Self:
        """Read what :meth:`to_array` gave.

        Raises:
            ValueError: it is no such curve.
        """

    def _logits(self, scores: np.ndarray) -> np.ndarray:
        values = scores.astype(np.float64)
        if self.kind == "probability":
            inside = np.clip(values, 1e-12, 1 - 1e-7)
            values = np.log(inside / (1 - inside))
        return values


class Platt(Calibrator):
    """``1 / (1 + exp(a * s + b))`` with the targets that keep it from certainty. Sources: Platt 1999; the Newton method
    with backtracking of Lin, Lin and Weng 2007, algorithm 1. The slope is kept from turning the order round."""

    def fit_shares(self, scores: np.ndarray, shares: np.ndarray, counts: np.ndarray) -> Self:
        """See :meth:`Calibrator.fit_shares`."""
        f = self._logits(scores)
        n_right, n_wrong = float(counts @ shares), float(counts @ (1.0 - shares))
        target = shares * (n_right + 1.0) / (n_right + 2.0) + (1.0 - shares) / (n_wrong + 2.0)
        a, b = 0.0, float(np.log((n_wrong + 1.0) / (n_right + 1.0)))
        value = _cross_entropy(a * f + b, target, counts)
        for _ in range(_NEWTON_STEPS):
            p = _sigmoid(-(a * f + b))
            slack, weight = counts * (target - p), counts * p * (1 - p)
            gradient = np.array([(f * slack).sum(), slack.sum()])
            if np.abs(gradient).max() < 1e-5 * counts.sum():
                break
            curvature = np.array([[(f * f * weight).sum(), (f * weight).sum()], [(f * weight).sum(), weight.sum()]])
            step = -np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
            size = 1.0
            while size > 1e-10:
                following = _cross_entropy((a + size * step[0]) * f + b + size * step[1], target, counts)
                if following < value + 1e-4 * size * float(gradient @ step):
                    a, b, value = a + size * float(step[0]), b + size * float(step[1]), following
                    break
                size /= 2
            else:
                break
        self.a, self.b = min(a, 0.0), b
        return self

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """See :meth:`Calibrator.__call__`."""
        return _sigmoid(-(self.a * self._logits(scores) + self.b)).astype(np.float32)

    def to_array(self) -> np.ndarray:
        """See :meth:`Calibrator.to_array`."""
        return np.array([self.a, self.b])

    def restore(self, array: np.ndarray) -> Self:
        """See :meth:`Calibrator.restore`."""
        if array.shape != (2,) or not np.isfinite(array).all() or array[0] > 0:
            raise ValueError("not a rising sigmoid")
        self.a, self.b = float(array[0]), float(array[1])
        return self


class Temperature(Calibrator):
    """``sigmoid(logit / T)`` with the T of the largest likelihood; a margin is its own logit. Source: Guo et al. 2017,
    section 4.2."""

    def fit_shares(self, scores: np.ndarray, shares: np.ndarray, counts: np.ndarray) -> Self:
        """See :meth:`Calibrator.fit_shares`."""
        f = self._logits(scores)
        found = minimize_scalar(
            lambda t: _cross_entropy(-f * np.exp(-t), shares, counts), bounds=(-5.0, 5.0), method="bounded"
        )
        self.temperature = float(np.exp(found.x))  # type: ignore[attr-defined]
        return self

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """See :meth:`Calibrator.__call__`."""
        return _sigmoid(self._logits(scores) / self.temperature).astype(np.float32)

    def to_array(self) -> np.ndarray:
        """See :meth:`Calibrator.to_array`."""
        return np.array([self.temperature])

    def restore(self, array: np.ndarray) -> Self:
        """See :meth:`Calibrator.restore`."""
        if array.shape != (1,) or not array[0] > 0:
            raise ValueError("not a temperature")
        self.temperature = float(array[0])
        return self


class Isotonic(Calibrator):
    """The rising curve nearest to the outcomes, slightly tilted so that no order is lost."""

    def fit_shares(self, scores: np.ndarray, shares: np.ndarray, counts: np.ndarray) -> Self:
        """See :meth:`Calibrator.fit_shares`."""
        self.curve = IsotonicCurve.fit(scores, shares, counts)
        return self

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """See :meth:`Calibrator.__call__`."""
        return self.curve(scores)

    def to_array(self) -> np.ndarray:
        """See :meth:`Calibrator.to_array`."""
        return np.stack([self.curve.scores, self.curve.shares])

    def restore(self, array: np.ndarray) -> Self:
        """See :meth:`Calibrator.restore`."""
        self.curve = IsotonicCurve.from_arrays({"scores": array[0], "shares": array[1]})
        return self


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)))


def compress(scores: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Some thousand bins in place of millions of scores, narrow where the true ones lie.

    Args:
        scores: float32 ``[m]``.
        hits: bool ``[m]``.

    Returns:
        Mean score of each bin, rising float32 ``[b]``; the share of it that is right and its size, float64 ``[b]``.
        Where there are few different scores, each is a bin.
    """
    quantiles = np.linspace(0.0, 1.0, _BINS)
    sample = scores[np.random.default_rng(0).integers(0, len(scores), _SAMPLE)] if len(scores) > _SAMPLE else scores
    right = scores[hits] if hits.any() else sample
    edges = np.unique([np.quantile(part, quantiles, method="nearest") for part in (sample, right)])
    place = np.searchsorted(edges, scores, side="right")
    counts = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
    filled = counts > 0
    means = np.bincount(place, weights=scores, minlength=len(counts))[filled] / counts[filled]
    shares = np.bincount(place, weights=hits, minlength=len(counts))[filled] / counts[filled]
    return means.astype(np.float32), shares, counts[filled]


def _cross_entropy(negated_logits: np.ndarray, target: np.ndarray, counts: np.ndarray) -> float:
    """Sum over examples of ``-t log p - (1 - t) log (1 - p)`` with ``p = 1 / (1 + exp(z))``."""
    z = negated_logits
    return float(counts @ (np.logaddexp(0.0, -np.abs(z)) + np.where(z >= 0, target * z, (target - 1.0) * z)))
