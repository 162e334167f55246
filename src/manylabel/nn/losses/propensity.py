"""Cross-entropy that counts a positive for those that were never recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.metrics.propensity import DEFAULT_A, DEFAULT_B
from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import focal_side, two_sided
from manylabel.nn.losses.frequency import inverse_propensities

if TYPE_CHECKING:
    from torch import Tensor


class Propensity(ElementwiseLoss):
    """``-y / p_l log s(z) - (1 - y) log(1 - s(z))`` with the chance p_l that a true label was recorded.

    ``1 / p_l = 1 + (ln N - 1) ((B + 1) / (n_l + B))^A``. The unbiased form also takes ``(1 / p_l - 1) log(1 - s(z))``
    off each positive; it falls without end, so that part is left out and no element is ever negative.

    Source: Jain, Prabhu and Varma, Extreme Multi-label Loss Functions for Recommendation, Tagging, Ranking and Other
    Missing Label Applications (KDD 2016), sections 3 and 4; with cross-entropy Qaraei et al., Convex Surrogates for
    Unbiased Loss Functions in Extreme Classification With Missing Labels (WWW 2021).
    """

    kind: Literal["propensity"] = "propensity"
    needs_counts: ClassVar[bool] = True
    a: float = Field(default=DEFAULT_A, ge=0, le=5, description="A of the propensity: how fast it rises.")
    b: float = Field(default=DEFAULT_B, ge=0.01, le=1e6, description="B of the propensity: documents before it rises.")

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        assert labels is not None
        weight = self.label_weights(labels)
        return two_sided(scores, targets, focal_side(0.0), positive_weight=weight)

    def label_weights(self, labels: LabelCounts) -> Tensor:
        """The inverse propensities; see :meth:`Loss.label_weights`."""
        return inverse_propensities(labels, self.a, self.b)
