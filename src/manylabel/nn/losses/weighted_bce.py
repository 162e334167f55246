"""Cross-entropy in which a positive weighs more, the rarer its label."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import focal_side, two_sided

if TYPE_CHECKING:
    from torch import Tensor


class WeightedBCE(ElementwiseLoss):
    """``-w_l y log s(z) - (1 - y) log(1 - s(z))`` with the logistic function s.

    Schemes for w_l, with n_l of the N training documents (n_l taken as at least 1 and at most N - 1):
    ``inverse`` ``(N - n_l) / n_l``, which gives the positives and the negatives of a label the same weight in all;
    ``square-root`` its root; ``log`` ``log(1 + N / n_l)``. Then no more than the cap. Inverse weights without a cap
    reach 10,000 in large label spaces: training gets unsteady, scores far too high.

    Source: common practice, as in King and Zeng, Logistic Regression in Rare Events Data (2001), section 4.2.
    """

    kind: Literal["weighted-bce"] = "weighted-bce"
    needs_counts: ClassVar[bool] = True
    scheme: Literal["inverse", "square-root", "log"] = Field(
        default="square-root", description="How the weight of a positive falls with the documents of its label."
    )
    cap: float | None = Field(default=50.0, gt=0, le=1e9, description="Largest weight; null for none.")

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        assert labels is not None
        weight = self.label_weights(labels)
        return two_sided(scores, targets, focal_side(0.0), positive_weight=weight)

    def label_weights(self, labels: LabelCounts) -> Tensor:
        """w_l; see :meth:`Loss.label_weights`."""
        n, total = labels.counts.clamp(1, max(labels.documents - 1, 1)), max(labels.documents, 2)
        if self.scheme == "log":
            weight = (total / n).log1p()
        else:
            weight = (total - n) / n
            weight = weight.sqrt() if self.scheme == "square-root" else weight
        return weight if self.cap is None else weight.clamp(max=self.cap)
