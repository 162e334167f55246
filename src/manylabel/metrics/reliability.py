"""Do probabilities mean what they say? Reliability of scores, and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

DEFAULT_BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Scores in bins of equal width beside what came true.

    Attributes:
        edges: float64 ``[bins + 1]``, from 0 to 1.
        counts: int64 ``[bins]``, scores in each bin.
        means: float64 ``[bins]``, their mean; NaN in an empty bin.
        shares: float64 ``[bins]``, the share of them that was right; NaN in an empty bin.
    """

    edges: np.ndarray
    counts: np.ndarray
    means: np.ndarray
    shares: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean distance of score and share, each bin by its number of scores, in
        [0, 1]; 0 where there are no scores. Source: Naeini et al. 2015."""
        total = int(self.counts.sum())
        return float(np.nansum(self.counts * np.abs(self.means - self.shares)) / total) if total else 0.0

    @property
    def mce(self) -> float:
        """Maximum calibration error: the largest distance of any bin, in [0, 1]."""
        return float(np.nanmax(np.abs(self.means - self.shares))) if self.counts.sum() else 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; None in empty bins."""
        return {
            "edges": self.edges.tolist(),
            "counts": self.counts.tolist(),
            "means": [None if np.isnan(value) else float(value) for value in self.means],
            "shares": [None if np.isnan(value) else float(value) for value in self.shares],
            "ece": self.ece,
        }


def reliability(scores: np.ndarray, hits: np.ndarray, bins: int = DEFAULT_BINS) -> Reliability:
    """Compare probabilities with what came true.

    Args:
        scores: probabilities in [0, 1], of any shape: one for each (document, label) that a model listed.
        hits: bool, of the same shape: whether the document has the label.
        bins: number of bins of equal width.

    Raises:
        ValueError: shapes differ, or a score outside [0, 1].
    """
    values, right = np.asarray(scores, np.float64).ravel(), np.asarray(hits, bool).ravel()
    if values.shape != right.shape:
        raise ValueError(f"{values.size} scores for {right.size} outcomes")
    if values.size and not (values.min() >= 0.0 and values.max() <= 1.0):
        raise ValueError("scores are no probabilities: expected values in [0, 1]")
    place = np.minimum((values * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.bincount(place, weights=values, minlength=bins) / counts
        shares = np.bincount(place, weights=right, minlength=bins) / counts
    return Reliability(np.linspace(0.0, 1.0, bins + 1), counts, means, shares)
