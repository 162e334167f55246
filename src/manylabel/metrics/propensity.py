"""Propensity-scored metrics: a hit on a rare label is worth more (Jain, Prabhu and Varma, KDD 2016).

Propensities come from the training documents; the constants A and B are arguments and stand in every report. Customary:
0.5 and 0.4 for the Wikipedia sets, 0.6 and 2.6 for Amazon, 0.55 and 1.5 for all others.
"""

from __future__ import annotations

import math

import numpy as np

from manylabel.core.errors import ConfigError
from manylabel.metrics.batch import View
from manylabel.metrics.metric import divide, metric
from manylabel.metrics.ranking import discounts, ideal_gains

DEFAULT_A, DEFAULT_B = 0.55, 1.5


def check_propensity(a: float, b: float) -> None:
    """Refuse constants for which a weight would not be finite, or would grow with the label.

    Raises:
        ConfigError: A or B out of range.
    """
    if not (math.isfinite(a) and math.isfinite(b) and a >= 0 and b > 0):
        raise ConfigError(f"propensity A = {a}, B = {b}: A must not be negative and B must be positive")


def inverse_propensities(
    counts: np.ndarray, n_documents: int, a: float = DEFAULT_A, b: float = DEFAULT_B
) -> np.ndarray:
    """``w = 1 + C (n_l + B)^-A`` with ``C = (ln N - 1) (B + 1)^A``, float64 ``[L]``.

    A label without training documents has the largest weight, ``1 + C B^-A``. With fewer than three training documents
    C would be negative; it is then taken as 0, so that every weight is 1.

    Args:
        counts: n_l, number of training documents of each label, ``[L]``.
        n_documents: N, number of training documents.
        a: A, not negative.
        b: B, positive.

    Raises:
        ConfigError: A or B out of range.
    """
    check_propensity(a, b)
    scale = max(0.0, math.log(max(n_documents, 1)) - 1.0) * (b + 1.0) ** a
    return 1.0 + scale * (np.asarray(counts, dtype=np.float64) + b) ** -a


@metric("ratio", needs_counts=True)
def psp_at(view: View, k: int) -> tuple[np.ndarray, np.ndarray]:
    """PSP@k: inverse propensities of the hits among the first k, over the k largest of the true labels.

    A ratio of sums over all documents, not a mean of ratios; this is the normalised form that papers print. By group:
    hits and true labels of the group only.
    """
    return view.hit_weights(k).sum(axis=1), view.ideal_weight(np.ones(k))


@metric("ratio", needs_counts=True)
def psndcg_at(view: View, k: int) -> tuple[np.ndarray, np.ndarray]:
    """PSnDCG@k: discounted inverse propensities of the hits, over those of the best possible list.

    In each document both are divided by the DCG of ``min(k, true labels)`` plain hits; the metric is the ratio of their
    sums over all documents. By group: as if only the labels of the group were true; ranks stay those of the whole list.
    """
    normaliser = ideal_gains(view.true, k)
    gained = (view.hit_weights(k) * discounts(k)).sum(axis=1)
    return divide(gained, normaliser), divide(view.ideal_weight(discounts(k)), normaliser)
