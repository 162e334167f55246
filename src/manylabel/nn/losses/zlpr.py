"""ZLPR: every positive above zero, every negative below, each side as one sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, RowLoss
from manylabel.nn.losses.tiles import Positives, RowFormula, RunningLogSumExp, Shards, Tile

if TYPE_CHECKING:
    from torch import Tensor


class ZLPR(RowLoss):
    """``log(1 + sum_p e^(-z_p)) + log(1 + sum_n e^(z_n))`` over the positives p and the negatives n of a document.

    Bounds every pair of a positive and a negative, and each of them with zero, in time that grows with the labels.
    Scores are margins, and zero is the threshold. Targets between 0 and 1 weigh each term, y among the positives and
    1 - y among the negatives. The hardest labels get nearly all of the gradient.

    Source: Su et al., ZLPR: A Novel Loss for Multi-label Classification (arXiv 2208.02955, 2022).
    """

    kind: Literal["zlpr"] = "zlpr"
    score_kind: ClassVar[ScoreKind] = "margin"

    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """See :meth:`Loss.formula`."""
        return _Formula(positives)


class _Formula(RowFormula):
    """With ``N`` and ``P`` the log-sum-exps of both sides, ``softplus(N) + softplus(P)``."""

    def __init__(self, positives: Positives) -> None:
        super().__init__(positives)
        self._negatives, self._found = RunningLogSumExp(), positives.weights.new_zeros(len(positives.weights))

    def gather(self, tile: Tile) -> None:
        self._found[tile.of] = tile.positive_scores
        self._negatives.add(self._below(tile))

    def settle(self, shards: Shards) -> bool:
        from torch.nn import functional

        positives = self.positives
        self._found = shards.sum(self._found)  # a positive of another shard adds nothing
        self._terms = positives.weights.log() - self._found
        sides = (self._negatives.result(shards, positives.totals), positives.log_sum_exp(self._terms))
        self._heights = [functional.softplus(side, threshold=40.0) for side in sides]
        return False

    def losses(self) -> Tensor:
        return self._heights[0] + self._heights[1]

    def slope(self, tile: Tile, weights: Tensor) -> Tensor:
        found = self._below(tile).sub_(self._heights[0][:, None]).exp_().mul_(weights[:, None])
        pull = (self._terms[tile.of] - self._heights[1].index_select(0, tile.rows)).exp_()
        return tile.add(found, pull.mul_(weights.index_select(0, tile.rows)).neg_())

    def _below(self, tile: Tile) -> Tensor:
        """Scores ``[B, C]``, to be written over, plus the logarithm of how far each label is a negative."""
        return tile.add(tile.taken(), (-self.positives.weights[tile.of]).log1p_())
