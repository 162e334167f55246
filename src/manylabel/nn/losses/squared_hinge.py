"""Squared hinge: a margin of one on the right side costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.elements import two_sided

if TYPE_CHECKING:
    from torch import Tensor


class SquaredHinge(ElementwiseLoss):
    """``y max(0, 1 - z)^2 + (1 - y) max(0, 1 + z)^2``: the loss of the linear models; scores are margins.

    Source: Fan et al., LIBLINEAR (JMLR 2008), section 2 (L2-loss support vector machines); mean over labels here.
    """

    kind: Literal["squared-hinge"] = "squared-hinge"
    score_kind: ClassVar[ScoreKind] = "margin"

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        return two_sided(scores, targets, _side)


def _side(margin: Tensor) -> tuple[Tensor, Tensor]:
    short = (margin + 1.0).clamp_(min=0)
    return short.square(), 2.0 * short
