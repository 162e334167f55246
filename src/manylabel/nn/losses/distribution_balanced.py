"""Distribution-balanced loss: rebalanced weights, tolerance for negatives, and focal loss, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import alpha_weights, focal_side, two_sided
from manylabel.nn.losses.frequency import tolerant_shift

if TYPE_CHECKING:
    from torch import Tensor

    from manylabel.nn.losses.tiles import Positives


class DistributionBalanced(ElementwiseLoss):
    """``r^_il (y focal(z') + (1 - y) focal(-scale z') / scale)`` with ``z' = z - nu_l`` (see below).

    * Rebalancing: a label l of n_l documents would be drawn with ``1 / n_l``, the document i with the sum of that over
      its positives; ``r_il`` is the one over the other, ``r^_il = floor + s(slope (r_il - centre))``. Where a document
      has no positive, ``r_il`` is infinite, ``r^_il = floor + 1``. It weighs positives and negatives alike. Targets
      between 0 and 1 weigh the sum.
    * Negative-tolerant regularisation: ``nu_l = kappa log(N / n_l - 1)``, and negatives are scaled, so that a negative
      that is low enough stops pulling.
    * Focal loss with gamma and alpha.

    Scores are used as they are in prediction, without ``nu_l``: they are not calibrated, fit a threshold.

    Source: Wu et al., Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets (ECCV 2020),
    section 3; defaults are those of Huang et al. (EMNLP 2021), section 3 and code, for Reuters; for PubMed they have a
    centre of 0.05. They take the mean over labels and documents, as here.
    """

    kind: Literal["distribution-balanced"] = "distribution-balanced"
    needs_counts: ClassVar[bool] = True
    floor: float = Field(default=0.1, ge=0, le=100, description="Least weight of an element (their alpha).")
    slope: float = Field(default=10.0, ge=0, le=1e6, description="Steepness of the weights (their beta).")
    centre: float = Field(default=0.9, ge=0, le=1e6, description="Where weights are half way up (their mu).")
    kappa: float = Field(default=0.05, ge=0, le=10, description="How much more a rare label has to score in training.")
    negative_scale: float = Field(default=2.0, gt=0, le=100, description="How fast a low negative stops pulling.")
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
            weight=self.weights(labels, documents).mul_(both),
            negative_weight=negative,
            positive_weight=positive,
        )

    @property
    def weighs_documents(self) -> bool:
        """See :attr:`ElementwiseLoss.weighs_documents`."""
        return True

    def of_documents(self, positives: Positives, labels: LabelCounts) -> Tensor:
        """How often a document would be drawn, the sum of ``1 / n_l`` over its positives, floats ``[B]``."""
        return positives.sums(positives.weights / labels.at(positives).clamp(min=1))

    def weights(self, labels: LabelCounts, documents: Tensor | None) -> Tensor:
        """``r^_il``, ``[B, C]``; n_l is taken as at least 1."""
        assert documents is not None
        of_label = 1.0 / labels.counts.clamp(min=1)
        ratio = self.slope / documents.clamp(min=1e-20)[:, None] * of_label
        # Beyond 80 the logistic function is 1, but takes four times as long where its exponential vanishes.
        return ratio.sub_(self.slope * self.centre).clamp_(max=80.0).sigmoid_().add_(self.floor)
