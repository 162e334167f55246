"""Class-balanced focal loss: weights by the effective number of documents of a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import Side, alpha_weights, focal_side, two_sided
from manylabel.nn.losses.frequency import effective_number_weights

if TYPE_CHECKING:
    from torch import Tensor

    from manylabel.nn.losses.tiles import Positives


class ClassBalanced(ElementwiseLoss):
    """``factor r focal(z, y)`` with ``r = (1 - beta) / (1 - beta^n)``, the same for positives and negatives.

    What n is, the mode says: ``label`` that of each label; ``mean`` the mean of r over the document's positives;
    ``rarest`` that of its rarest positive. A document without positives then counts like one of very frequent labels,
    ``1 - beta``. With targets between 0 and 1, the mean weighs by them, and positives are the labels with at least
    half of the document's largest target. With beta 0.9 all labels with more than about 40 documents weigh the same;
    for large data 0.999 and more tell them apart.

    Source: Cui et al. (CVPR 2019), sections 3 and 4; for several labels Huang et al., Balancing Methods for
    Multi-label Text Classification with Long-Tailed Class Distribution (EMNLP 2021), section 3, whose constants for
    Reuters are the defaults. Their code has the mean over labels and the factor 10 (5 on PubMed); Cui et al. instead
    scale the weights to a sum of L.
    """

    kind: Literal["class-balanced"] = "class-balanced"
    needs_counts: ClassVar[bool] = True
    beta: float = Field(default=0.9, ge=0, lt=1, description="Near 1: weights go on falling for frequent labels.")
    gamma: float = Field(default=2.0, ge=0, le=20, description="Of the focal loss; 0 for cross-entropy.")
    alpha: float | None = Field(
        default=0.5, ge=0, le=1, description="Weight of positives, 1 - alpha that of negatives; null: 1 for both."
    )
    mode: Literal["label", "mean", "rarest"] = Field(default="label", description="Whose counts weigh an element.")
    factor: float = Field(default=10.0, gt=0, le=1e6, description="Of the whole loss.")

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        assert labels is not None
        side = focal_side(self.gamma)
        return balanced_by_class(scores, targets, side, side, self.weights(labels, documents), self.alpha)

    @property
    def weighs_documents(self) -> bool:
        """See :attr:`ElementwiseLoss.weighs_documents`."""
        return self.mode != "label"

    def of_documents(self, positives: Positives, labels: LabelCounts) -> Tensor:
        """r of each document, by what the mode says of its positives, floats ``[B]``."""
        weights = effective_number_weights(labels.at(positives), self.beta)
        most = positives.largest(positives.weights)
        if self.mode == "mean":
            found = positives.sums(weights * positives.weights) / positives.totals.clamp(min=1e-12)
        else:
            found = positives.largest(weights.where(positives.weights >= positives.each(most) / 2, 0.0))
        return found.where(most > 0, 1.0 - self.beta)

    def weights(self, labels: LabelCounts, documents: Tensor | None) -> Tensor:
        """``factor r`` as ``[L]``, ``[B, C]`` or, for modes by document, ``[B, 1]``."""
        if documents is not None:
            return self.factor * documents[:, None]
        return self.factor * effective_number_weights(labels.counts, self.beta)


def balanced_by_class(
    scores: Tensor, targets: Tensor, negative: Side, positive: Side, weights: Tensor, alpha: float | None
) -> Tensor:
    """Both sides with the weights of :meth:`ClassBalanced.weights` and focal loss's alpha, ``[B, C]``."""
    both, of_positives, of_negatives = alpha_weights(alpha)
    return two_sided(
        scores,
        targets,
        negative,
        positive,
        weight=both * weights,
        negative_weight=of_negatives,
        positive_weight=of_positives,
    )
