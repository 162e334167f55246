"""What losses make of the number of training documents of a label; every number is finite for counts from 0 to all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from manylabel.nn.losses.base import LabelCounts

if TYPE_CHECKING:
    from torch import Tensor


def log_odds(labels: LabelCounts) -> Tensor:
    """``log(n_l / (N - n_l))``, shaped as the counts; n_l is taken as at least 1 and at most N - 1."""
    most = max(labels.documents - 1, 1)
    counts = labels.counts.clamp(1, most)
    return counts.log() - (labels.documents - counts).clamp(min=1).log()


def effective_number_weights(counts: Tensor, beta: float) -> Tensor:
    """``(1 - beta) / (1 - beta^n)``, shaped as the counts: between 1 for a single document and ``1 - beta`` for many.

    Source: Cui et al., Class-Balanced Loss Based on Effective Number of Samples (CVPR 2019), section 3. Counts are
    taken as at least 1.

    Args:
        counts: floats, n.
        beta: at least 0 and less than 1.
    """
    log_beta = math.log(beta) if beta > 0 else -math.inf
    return (1.0 - beta) / -(counts.clamp(min=1) * log_beta).expm1()


def inverse_propensities(labels: LabelCounts, a: float, b: float) -> Tensor:
    """``1 + (ln N - 1) ((B + 1) / (n_l + B))^A``, shaped as the counts; every one is 1 with fewer than 3 documents.

    The same as :func:`manylabel.metrics.propensity.inverse_propensities`, for tensors.
    """
    scale = max(0.0, math.log(max(labels.documents, 1)) - 1.0)
    return 1.0 + scale * ((b + 1.0) / (labels.counts + b)) ** a


def tolerant_shift(scores: Tensor, labels: LabelCounts, kappa: float) -> Tensor:
    """``z - nu_l`` with ``nu_l = kappa log(N / n_l - 1)``: a rare label has to score higher in training.

    Source: Wu et al., Distribution-Balanced Loss (ECCV 2020), section 3.
    """
    return scores + kappa * log_odds(labels)
