"""CB-NTR: class-balanced focal loss with tolerance for negatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from manylabel.nn.losses.base import LabelCounts
from manylabel.nn.losses.class_balanced import ClassBalanced, balanced_by_class
from manylabel.nn.losses.elements import focal_side
from manylabel.nn.losses.frequency import tolerant_shift

if TYPE_CHECKING:
    from torch import Tensor


class CBNTR(ClassBalanced):
    """``factor r (y focal(z') + (1 - y) focal(-scale z') / scale)``, ``z' = z - kappa log(N / n_l - 1)``.

    The weights r are those of :class:`~manylabel.nn.losses.class_balanced.ClassBalanced`, the rest is the
    negative-tolerant regularisation of the distribution-balanced loss. Prediction uses z as it is: fit a threshold.

    Source: Huang et al. (EMNLP 2021), section 3 (CB-NTR), mean over labels and factor 10 on Reuters as in their code.
    """

    kind: Literal["cb-ntr"] = "cb-ntr"  # type: ignore[assignment]
    kappa: float = Field(default=0.05, ge=0, le=10, description="How much more a rare label has to score in training.")
    negative_scale: float = Field(default=2.0, gt=0, le=100, description="How fast a low negative stops pulling.")

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        assert labels is not None
        return balanced_by_class(
            tolerant_shift(scores, labels, self.kappa),
            targets,
            focal_side(self.gamma, scale=self.negative_scale),
            focal_side(self.gamma),
            self.weights(labels, documents),
            self.alpha,
        )
