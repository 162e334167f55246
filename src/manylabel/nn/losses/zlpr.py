"""ZLPR: every positive above zero, every negative below, each side as one sum."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.elements import are_many, places_of_positives

if TYPE_CHECKING:
    from torch import Tensor


class ZLPR(Loss):
    """``log(1 + sum_p e^(-z_p)) + log(1 + sum_n e^(z_n))`` over the positives p and the negatives n of a document.

    Bounds every pair of a positive and a negative, and each of them with zero, in time that grows with the labels.
    Scores are margins, and zero is the threshold. Targets between 0 and 1 weigh each term, y among the positives and
    1 - y among the negatives. The hardest labels get nearly all of the gradient.

    Source: Su et al., ZLPR: A Novel Loss for Multi-label Classification (arXiv 2208.02955, 2022).
    """

    kind: Literal["zlpr"] = "zlpr"
    score_kind: ClassVar[ScoreKind] = "margin"

    def __call__(
        self, scores: Tensor, targets: Tensor, *, labels: LabelCounts | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Loss.__call__`."""
        scores, targets, _ = self.prepared(scores, targets, labels, mask)
        if not scores.shape[1]:
            return scores.sum(dim=1)
        below = scores + (-targets).log1p()
        if mask is not None:
            below = below.masked_fill(~mask, -math.inf)
        return _log_one_plus_sum(below) + _log_one_plus_positives(scores, targets)


def _log_one_plus_sum(terms: Tensor) -> Tensor:
    """``log(1 + sum_l e^(t_l))``, ``[B]``, for terms ``[B, C]``, of which minus infinity adds nothing."""
    highest = terms.detach().amax(dim=1).clamp(min=0)
    total = (-highest).exp() + (terms - highest[:, None]).exp().sum(dim=1)
    return highest + total.log()


def _log_one_plus_positives(scores: Tensor, targets: Tensor) -> Tensor:
    """``log(1 + sum_l y_l e^(-z_l))``, ``[B]``, where positives are few in time that grows with them."""
    at = places_of_positives(targets)
    if are_many(at[0], targets):
        return _log_one_plus_sum(targets.log() - scores)
    terms = targets[at].log() - scores[at]
    highest = scores.new_zeros(len(scores)).scatter_reduce(0, at[0], terms.detach(), "amax")
    total = (-highest).exp().index_add(0, at[0], (terms - highest[at[0]]).exp())
    return highest + total.log()
