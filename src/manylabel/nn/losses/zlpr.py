"""ZLPR: every positive above zero, every negative below, each side as one sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, Loss

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
        negatives = 1.0 - targets
        if mask is not None:
            negatives = negatives.masked_fill(~mask, 0.0)
        return _log_one_plus_sum(-scores, targets) + _log_one_plus_sum(scores, negatives)


def _log_one_plus_sum(scores: Tensor, weights: Tensor) -> Tensor:
    """``log(1 + sum_l w_l e^(z_l))``, ``[B]``; a weight of 0 is a logarithm of minus infinity and has no gradient."""
    from torch.nn import functional

    return functional.pad(scores + weights.log(), (0, 1)).logsumexp(dim=1)
