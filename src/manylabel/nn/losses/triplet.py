"""Triplets: every positive above every negative of its document, by a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, RowLoss
from manylabel.nn.losses.tiles import Positives, RowFormula

if TYPE_CHECKING:
    from torch import Tensor


class Triplet(RowLoss):
    """Mean of ``max(0, z_n - z_p + margin)`` over pairs of a positive p and a negative n of a document.

    By default over the pairs that cost something: among all pairs of a large label space those few would hardly count,
    and with them alone gradients keep their size while training goes on. Scores of a dual encoder are cosines over the
    temperature: the margin is in units of those. Otherwise as the loss ``ranking``.

    Source: Schroff et al., FaceNet (CVPR 2015), section 3.1; for labels Dahiya et al., NGAME (WSDM 2023), section 3,
    who sum over the pairs with hard negatives.
    """

    kind: Literal["triplet"] = "triplet"
    score_kind: ClassVar[ScoreKind] = "margin"
    margin: float = Field(default=0.3, gt=0, le=1000, description="How far a positive has to be above a negative.")
    mean_over: Literal["costly", "all"] = Field(default="costly", description="Pairs that the mean is taken over.")

    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """See :meth:`Loss.formula`."""
        from manylabel.nn.losses.pairs import PairFormula

        return PairFormula(positives, n_labels, self._side, only_costly=self.mean_over == "costly")

    def _side(self, above: Tensor) -> tuple[Tensor, Tensor]:
        cost = (above + self.margin).clamp_(min=0)
        return cost, (cost > 0).to(cost.dtype)
