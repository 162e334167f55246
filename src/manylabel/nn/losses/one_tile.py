"""A loss of rows on dense scores: its formula, run over a single tile."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.tiles import ALONE, Positives, Tile

if TYPE_CHECKING:
    from torch import Tensor


def on_one_tile(loss: Loss, scores: Tensor, targets: Tensor, labels: LabelCounts | None, mask: Tensor | None) -> Tensor:
    """The losses ``[B]`` of dense scores ``[B, C]``; see :meth:`Loss.__call__`."""
    positives = Positives.of_targets(targets, one_tile=True)
    return _on_one_tile().apply(scores, loss, positives, labels, mask)


@cache
def _on_one_tile() -> Any:
    """The autograd function; made when first used, since torch is imported late."""
    import torch
    from torch.autograd.function import once_differentiable

    class OneTile(torch.autograd.Function):
        @staticmethod
        def forward(
            ctx: Any, scores: Tensor, loss: Loss, positives: Positives, labels: LabelCounts | None, mask: Tensor | None
        ) -> Tensor:
            n_labels = scores.shape[1] if mask is None else mask.sum(dim=1)
            formula = loss.formula(positives, n_labels, labels)
            tile = _tile(scores, positives, labels, mask)
            while True:
                formula.gather(tile)
                if not formula.settle(ALONE):
                    break
            ctx.formula, ctx.rest = formula, (positives, labels, mask)
            ctx.save_for_backward(scores)
            return formula.losses()

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
            (scores,) = ctx.saved_tensors
            return ctx.formula.slope(_tile(scores, *ctx.rest), gradients[0]), None, None, None, None

    return OneTile


def _tile(scores: Tensor, positives: Positives, labels: LabelCounts | None, mask: Tensor | None) -> Tile:
    return Tile(scores.contiguous(), 0, slice(None), positives.rows, positives.columns, mask, labels)
