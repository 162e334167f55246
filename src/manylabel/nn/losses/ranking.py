"""Pairwise ranking: every positive above every negative of its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, RowLoss
from manylabel.nn.losses.elements import focal_side
from manylabel.nn.losses.tiles import Positives, RowFormula

if TYPE_CHECKING:
    from torch import Tensor


class Ranking(RowLoss):
    """Mean of ``log(1 + e^(z_n - z_p))`` over the pairs of a positive p and a negative n of a document.

    With targets between 0 and 1 a pair weighs ``y_p (1 - y_n)``; a label makes no pair with itself. A document without
    pairs costs nothing. Scores are margins that order the labels of one document; they have no common threshold.
    Time grows with targets above 0 times labels, memory only with ``[B, C]`` and one million pairs.

    Source: the pairs and their mean are those of Zhang and Zhou, Multilabel Neural Networks (BP-MLL, TKDE 2006),
    section 3; logistic in place of exponential as in Burges et al., Learning to Rank Using Gradient Descent (2005).
    """

    kind: Literal["ranking"] = "ranking"
    score_kind: ClassVar[ScoreKind] = "margin"

    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """See :meth:`Loss.formula`."""
        from manylabel.nn.losses.pairs import PairFormula

        return PairFormula(positives, n_labels, focal_side(0.0), only_costly=False)
