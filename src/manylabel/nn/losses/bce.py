"""Binary cross-entropy: every label a yes or no of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts

if TYPE_CHECKING:
    from torch import Tensor


class BCE(ElementwiseLoss):
    """``-y log s(z) - (1 - y) log(1 - s(z))`` with the logistic function s."""

    kind: Literal["bce"] = "bce"

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        from torch.nn import functional

        return functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
