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
    weight: Tensor | float = 1.0,
    negative_weight: float = 1.0,
    positive_weight: Tensor | float = 1.0,
) -> Tensor:
    """``w (w+ y positive(-z) + w- (1 - y) negative(z))`` for each document and label.

    The cost of a positive is worked out only where the target is not 0: among many labels that is almost nowhere. To
    know where, a GPU has to be waited for once. Slopes are written by hand since autograd would keep each step of the
    formula, ``[B, C]`` apiece.

    Args:
        scores: floats ``[B, C]``.
        targets: floats ``[B, C]`` between 0 and 1; they get no gradient.
        negative: the cost of a negative.
        positive: the cost of a positive; None is the same function, seen from the other side.
        weight: number or tensor that broadcasts to ``[B, C]``, for both; no gradient to any weight.
        negative_weight: of negatives.
        positive_weight: of positives, number or tensor that broadcasts to ``[B, C]``.

    Returns:
        Floats ``[B, C]``.
    """
    sides = (negative, positive or negative)
    return _value_with_slope().apply(scores, targets, sides, weight, negative_weight, positive_weight)


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
            sides: tuple[Side, Side],
            weight: Tensor | float,
            negative_weight: float,
            positive_weight: Tensor | float,
        ) -> Tensor:
            value, slope = sides[0](scores)
            _multiply((value, slope), negative_weight)
            at: Any = places_of_positives(targets)
            if are_many(at[0], targets):
                at = ...
            share = targets[at]
            own_value, own_slope = sides[1](-scores[at])
            if isinstance(positive_weight, torch.Tensor):
                positive_weight = positive_weight.expand_as(scores)[at]
            _multiply((own_value, own_slope), positive_weight)
            value[at] = torch.lerp(value[at], own_value, share)
            slope[at] = torch.lerp(slope[at], own_slope.neg_(), share)
            _multiply((value, slope), weight)
            ctx.save_for_backward(slope)
            return value

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
            (slope,) = ctx.saved_tensors
            return gradients[0] * slope, None, None, None, None, None

    return ValueWithSlope


def places_of_positives(targets: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns, int64 each, of the targets ``[B, C]`` that are not 0, row by row."""
    if targets.device.type != "cpu":
        rows, columns = targets.nonzero(as_tuple=True)
        return rows, columns
    import numpy as np
    import torch

    # Six times as fast as torch, which would take half as long as all of cross-entropy.
    flat = torch.from_numpy(np.flatnonzero(targets.detach().numpy() != 0))
    width = max(targets.shape[1], 1)
    rows = flat // width
    return rows, flat - rows * width  # a remainder takes as long as the division


def are_many(places: Tensor, targets: Tensor) -> bool:
    """Whether so many targets are above 0 that positives are better worked out everywhere than on their own."""
    return 8 * len(places) > targets.numel()


def _multiply(parts: tuple[Tensor, Tensor], weight: Tensor | float) -> None:
    if isinstance(weight, float) and weight == 1.0:  # each pass over [B, C] takes time
        return
    for part in parts:
        part.mul_(weight)


def focal_side(gamma: float, *, scale: float = 1.0, detached: bool = False) -> Side:
    """``s(a u)^gamma log(1 + e^(a u)) / a`` with the logistic function s; for gamma 0 and a = 1 cross-entropy.

    Args:
        gamma: 0 or more.
        scale: a, above 0.
        detached: the derivative takes the factor ``s(a u)^gamma`` for a constant.
    """

    def side(margin: Tensor) -> tuple[Tensor, Tensor]:
        import torch
        from torch.nn import functional

        cost = functional.softplus(margin, beta=scale, threshold=40.0)  # above, e^-40 is less than the last place
        probability = margin.sigmoid() if scale == 1.0 else (scale * margin).sigmoid_()
        if gamma == 0:
            return cost, probability
        # In place where possible: a new tensor of all labels takes longer to get than to fill.
        slope = 1 - probability
        if detached:
            slope.copy_(probability)
        else:
            torch.addcmul(probability, slope, cost, value=gamma * scale, out=slope)
        factor = probability.pow_(gamma)
        return cost.mul_(factor), slope.mul_(factor)

    return side


def alpha_weights(alpha: float | None) -> tuple[float, float, float]:
    """A weight of both sides, and what is left of ``alpha`` for positives and of ``1 - alpha`` for negatives.

    All are 1 without alpha. A half is a matter of both sides alone, which saves time.
    """
    if alpha is None:
        return 1.0, 1.0, 1.0
    both = max(alpha, 1.0 - alpha)
    return both, alpha / both, (1.0 - alpha) / both
