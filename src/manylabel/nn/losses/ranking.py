"""Pairwise ranking: every positive above every negative of its document."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.elements import places_of_positives

if TYPE_CHECKING:
    from torch import Tensor

_PAIRS = 1 << 20
"""Pairs that are held at once; at least one positive with all labels."""


class Ranking(Loss):
    """Mean of ``log(1 + e^(z_n - z_p))`` over the pairs of a positive p and a negative n of a document.

    With targets between 0 and 1 a pair weighs ``y_p (1 - y_n)``; a label makes no pair with itself. A document without
    pairs costs nothing. Scores are margins that order the labels of one document; they have no common threshold.
    Time grows with targets above 0 times labels, memory only with ``[B, C]`` and one million pairs.

    Source: the pairs and their mean are those of Zhang and Zhou, Multilabel Neural Networks (BP-MLL, TKDE 2006),
    section 3; logistic in place of exponential as in Burges et al., Learning to Rank Using Gradient Descent (2005).
    """

    kind: Literal["ranking"] = "ranking"
    score_kind: ClassVar[ScoreKind] = "margin"

    def __call__(
        self, scores: Tensor, targets: Tensor, *, labels: LabelCounts | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Loss.__call__`."""
        scores, targets, _ = self.prepared(scores, targets, labels, mask)
        negatives = 1.0 - targets
        if mask is not None:
            negatives = negatives.masked_fill(~mask, 0.0)
        return _mean_over_pairs().apply(scores, targets, negatives)


@cache
def _mean_over_pairs() -> Any:
    """The autograd function of the loss; made when first used, since torch is imported late."""
    import torch
    from torch.autograd.function import once_differentiable
    from torch.nn import functional

    class MeanOverPairs(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, scores: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
            total, slope = scores.new_zeros(len(scores)), torch.zeros_like(scores)
            rows, columns = places_of_positives(positives)
            weight = positives.sum(dim=1) * negatives.sum(dim=1) - (positives * negatives).sum(dim=1)
            weight = torch.where(weight > 0, weight, 1.0)
            # The gradient is added up pair by pair here: autograd would keep all pairs until the backward pass.
            for row, column in zip(
                *(part.split(max(1, _PAIRS // max(scores.shape[1], 1))) for part in (rows, columns)), strict=True
            ):
                share = negatives[row].scatter_(1, column[:, None], 0.0)
                share *= (positives[row, column] / weight[row])[:, None]
                above = scores[row] - scores[row, column][:, None]
                total.index_add_(0, row, (functional.softplus(above, threshold=40.0) * share).sum(dim=1))
                pull = above.sigmoid_().mul_(share)
                slope.index_add_(0, row, pull)
                slope.index_put_((row, column), -pull.sum(dim=1), accumulate=True)
            ctx.save_for_backward(slope)
            return total

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
            (slope,) = ctx.saved_tensors
            return gradients[0][:, None] * slope, None, None

    return MeanOverPairs
