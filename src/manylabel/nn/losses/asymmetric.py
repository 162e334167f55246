"""Asymmetric loss: focal, with more of it for negatives, and easy negatives dropped altogether."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import Side, focal_side, two_sided

if TYPE_CHECKING:
    from torch import Tensor


class Asymmetric(ElementwiseLoss):
    """``-y (1 - p)^g+ log p - (1 - y) q^g- log(1 - q)`` with ``p = s(z)`` and ``q = max(p - margin, 0)``.

    A negative with a probability below the margin costs nothing. At gammas and margin 0 this is BCE.

    Source: Ridnik et al., Asymmetric Loss For Multi-Label Classification (ICCV 2021), section 2. They sum over labels
    and documents: ``reduction: sum`` is their scale, and wants a learning rate that is smaller accordingly. Their code
    takes the factors ``(1 - p)^g+`` and ``q^g-`` for constants on request: ``detach_factor``.
    """

    kind: Literal["asymmetric"] = "asymmetric"
    gamma_negative: float = Field(default=4.0, ge=0, le=20, description="Focus on hard negatives.")
    gamma_positive: float = Field(default=1.0, ge=0, le=20, description="Focus on hard positives.")
    margin: float = Field(default=0.05, ge=0, lt=1, description="Negatives below this probability cost nothing.")
    detach_factor: bool = Field(default=False, description="No gradient through the focal factors.")

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        positive = focal_side(self.gamma_positive, detached=self.detach_factor)
        if self.margin == 0:
            negative = focal_side(self.gamma_negative, detached=self.detach_factor)
        else:
            negative = _shifted_side(self.gamma_negative, self.margin, self.detach_factor)
        return two_sided(scores, targets, negative, positive)


def _shifted_side(gamma: float, margin: float, detached: bool) -> Side:
    """``-q^gamma log(1 - q)`` with ``q = max(s(z) - margin, 0)``, for a margin above 0, so that 1 - q is."""

    def side(scores: Tensor) -> tuple[Tensor, Tensor]:
        import torch

        p = scores.sigmoid()
        q = (p - margin).clamp_(min=0)
        slope = 1.0 - q
        log_rest = slope.log()
        spread = p.addcmul_(p, p, value=-1)  # p - p^2, the derivative of s
        if gamma < 1:
            spread.mul_(q > 0)  # otherwise the power does this
            q.clamp_(min=1e-30)  # for a power that has no value at 0
        power = q ** (gamma - 1)
        torch.div(q, slope, out=slope)
        if not detached:
            slope.add_(log_rest, alpha=-gamma)
        return log_rest.mul_(q).mul_(power).neg_(), slope.mul_(power).mul_(spread)

    return side
