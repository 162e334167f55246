"""From scores that order candidates well to probabilities that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

_TILT = 1e-4


@dataclass(frozen=True, eq=False)
class IsotonicCurve:
    """A rising, piecewise linear curve.

    Attributes:
        scores: float32, rising.
        shares: float32 in [0, 1], rising: the probability at each score.
    """

    scores: np.ndarray
    shares: np.ndarray

    @classmethod
    def fit(cls, scores: np.ndarray, right: np.ndarray, counts: np.ndarray | None = None) -> IsotonicCurve:
        """Isotonic regression (Zadrozny and Elkan 2002), slightly tilted so that no order is lost.

        Args:
            scores: float32, of candidates.
            right: bool, whether each was right; or the share of each that was.
            counts: how often each was met; once by default.
        """
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(scores.astype(np.float64), right, counts)
        steps, levels = fitted.X_thresholds_, fitted.y_thresholds_
        spread = _spread(steps)
        # A slight tilt keeps the order of scores on the same step, and some room is left for scores beyond the ends.
        tilted = _TILT + (1 - 3 * _TILT) * levels + _TILT * (steps - steps[0]) / spread
        return cls(steps.astype(np.float32), tilted.astype(np.float32))

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """The probability at each score, float32; beyond the ends it barely changes but keeps the order."""
        inside = np.interp(scores, self.scores, self.shares)
        beyond = (scores - np.clip(scores, self.scores[0], self.scores[-1])) / _spread(self.scores)
        return (inside + _TILT * np.sign(beyond) * -np.expm1(-np.abs(beyond))).astype(np.float32)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> IsotonicCurve:
        """Read what :meth:`to_arrays` gave.

        Raises:
            ValueError: it is not a rising curve.
        """
        scores, shares = arrays["scores"], arrays["shares"]
        if scores.ndim != 1 or len(scores) == 0 or scores.shape != shares.shape or (np.diff(scores) < 0).any():
            raise ValueError("the calibration is not a rising curve")
        return cls(scores, shares)


def _spread(steps: np.ndarray) -> float:
    """From the lowest to the highest score."""
    return max(float(steps[-1] - steps[0]), 1e-3)
