"""Focal loss: what is already right counts little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import alpha_weights, focal_side, two_sided

if TYPE_CHECKING:
    from torch import Tensor


class Focal(ElementwiseLoss):
    """``-a y (1 - p)^gamma log p - (1 - a) (1 - y) p^gamma log(1 - p)`` with ``p = s(z)``; without a, both factors 1.

    Source: Lin et al., Focal Loss for Dense Object Detection (ICCV 2017), section 3; they use gamma 2 and a 0.25, and
    divide the sum over all labels by the number of positives. Here labels are averaged (or summed), so that gradients
    are smaller by labels over positives.
    """

    kind: Literal["focal"] = "focal"
    gamma: float = Field(default=2.0, ge=0, le=20, description="How fast what is right loses its weight; 0: not.")
    alpha: float | None = Field(
        default=None, ge=0, le=1, description="Weight of positives, 1 - alpha that of negatives; null: 1 for both."
    )

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        both, positive, negative = alpha_weights(self.alpha)
        return two_sided(
            scores,
            targets,
            focal_side(self.gamma),
            weight=both,
            positive_weight=positive,
            negative_weight=negative,
        )
