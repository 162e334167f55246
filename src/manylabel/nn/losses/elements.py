"""What losses that look at each label are made of: the cost of a positive, that of a negative, and their slopes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Side = Callable[["Tensor"], "tuple[Tensor, Tensor]"]
"""From how far scores are on the wrong side (z for a negative, -z for a positive), floats of any shape, to two new
tensors of that shape: the cost and its derivative. The argument stays as it is."""


def two_sided(
    scores: Tensor,
    targets: Tensor,
    negative: Side,
    positive: Side | None = None,
    *,
    negative_weight: Tensor | float = 1.0,
    positive_weight: Tensor | float = 1.0,
) -> Tensor:
    """``w+ y positive(-z) + w- (1 - y) negative(z)`` for each document and label.

    The cost of a positive is worked out only where the target is not 0: among many labels that is almost nowhere. To
    know where, a GPU has to be waited for once. Slopes are written by hand since autograd would keep each step of the
    formula, ``[B, C]`` apiece.

    Args:
        scores: floats ``[B, C]``.
        targets: floats ``[B, C]`` between 0 and 1; they get no gradient.
        negative: the cost of a negative.
        positive: the cost of a positive; None is the same function, seen from the other side.
        negative_weight: number or tensor that broadcasts to ``[B, C]``; no gradient.
        positive_weight: likewise.

    Returns:
        Floats ``[B, C]``.
    """
    return _value_with_slope().apply(scores, targets, negative, positive or negative, negative_weight, positive_weight)


@cache
def _value_with_slope() -> Any:
    """The autograd function of :func:`two_sided`; made when first used, since torch is imported late."""
    import torch
    from torch.autograd.function import once_differentiable

    class ValueWithSlope(torch.autograd.Function):
        @staticmethod
        def forward(
            ctx: Any,
            scores: Tensor,
            targets: Tensor,
            negative: Side,
            positive: Side,
            negative_weight: Tensor | float,
            positive_weight: Tensor | float,
        ) -> Tensor:
            value, slope = negative(scores)
            for part in (value, slope):
                if isinstance(negative_weight, torch.Tensor) or negative_weight != 1.0:
                    part.mul_(negative_weight)
            at = targets.nonzero(as_tuple=True)
            share = targets[at]
            own_value, own_slope = positive(-scores[at])
            if isinstance(positive_weight, torch.Tensor):
                positive_weight = positive_weight.expand_as(scores)[at]
            value[at] = (1 - share) * value[at] + share * positive_weight * own_value
            slope[at] = (1 - share) * slope[at] - share * positive_weight * own_slope
            ctx.save_for_backward(slope)
            return value

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
            (slope,) = ctx.saved_tensors
            return gradients[0] * slope, None, None, None, None, None

    return ValueWithSlope


def softplus(margin: Tensor) -> Tensor:
    """``log(1 + e^u)``, exact to the last places on both sides, where torch's own goes over to u."""
    return margin.abs().neg_().exp_().log1p_().add_(margin.clamp(min=0))


def focal_side(gamma: float, *, detached: bool = False) -> Side:
    """``s(u)^gamma log(1 + e^u)`` with the logistic function s: focal loss; cross-entropy for gamma 0.

    Args:
        gamma: 0 or more.
        detached: the derivative takes the factor ``s(u)^gamma`` for a constant.
    """

    def side(margin: Tensor) -> tuple[Tensor, Tensor]:
        import torch

        cost, probability = softplus(margin), margin.sigmoid()
        if gamma == 0:
            return cost, probability
        # log s(u) = u - softplus(u) stays finite where s(u) itself is 0.
        factor = (margin - cost).mul_(gamma).exp_()
        slope = probability
        if not detached:
            slope = torch.addcmul(probability, 1 - probability, cost, value=gamma)
        return cost.mul_(factor), slope.mul_(factor)

    return side


def scaled_side(side: Side, scale: float, *, divided: bool = True) -> Side:
    """``side(scale u)``, and that divided by the scale, so that the slope at one place stays about the same."""
    if scale == 1.0:
        return side

    def scaled(margin: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = side(margin * scale)
        return (value.div_(scale), slope) if divided else (value, slope.mul_(scale))

    return scaled


def alpha_weights(alpha: float | None) -> tuple[float, float]:
    """Weights of positives and of negatives, ``alpha`` and ``1 - alpha``; both 1 without alpha."""
    return (1.0, 1.0) if alpha is None else (alpha, 1.0 - alpha)
