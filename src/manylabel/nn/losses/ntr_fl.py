"""NTR-FL: focal loss with tolerance for negatives, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import alpha_weights, focal_side, two_sided
from manylabel.nn.losses.frequency import tolerant_shift

if TYPE_CHECKING:
    from torch import Tensor


class NTRFL(ElementwiseLoss):
    """``y focal(z') + (1 - y) focal(-scale z') / scale`` with ``z' = z - kappa log(N / n_l - 1)``.

    Prediction uses z as it is: fit a threshold.

    Source: Wu et al. (ECCV 2020), section 3, with focal loss by Huang et al. (EMNLP 2021), section 3 (NTR-FL); mean
    over labels. Formulas divide negatives by the scale; the code of Huang et al. does so only where there are weights
    and so not here, which gives negatives twice the weight: ``divide_negatives: false``.
    """

    kind: Literal["ntr-fl"] = "ntr-fl"
    needs_counts: ClassVar[bool] = True
    kappa: float = Field(default=0.05, ge=0, le=10, description="How much more a rare label has to score in training.")
    negative_scale: float = Field(default=2.0, gt=0, le=100, description="How fast a low negative stops pulling.")
    divide_negatives: bool = Field(default=True, description="Divide the cost of negatives by their scale.")
    gamma: float = Field(default=2.0, ge=0, le=20, description="Of the focal loss; 0 for cross-entropy.")
    alpha: float | None = Field(
        default=0.5, ge=0, le=1, description="Weight of positives, 1 - alpha that of negatives; null: 1 for both."
    )

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        assert labels is not None
        both, positive, negative = alpha_weights(self.alpha)
        return two_sided(
            tolerant_shift(scores, labels, self.kappa),
            targets,
            focal_side(self.gamma, scale=self.negative_scale),
            focal_side(self.gamma),
            weight=both,
            negative_weight=negative if self.divide_negatives else negative * self.negative_scale,
            positive_weight=positive,
        )
