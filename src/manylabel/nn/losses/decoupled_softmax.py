"""Softmax in which the positives of a document do not compete with one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, RowLoss
from manylabel.nn.losses.tiles import Positives, RowFormula, RunningLogSumExp, Shards, Tile, finite

if TYPE_CHECKING:
    from torch import Tensor


class DecoupledSoftmax(RowLoss):
    """``mean_p log(1 + sum_n e^(z_n - z_p))`` over the positives p and the negatives n of a document.

    Each positive stands against the negatives alone: none is pushed down for having more than its part, as softmax
    does, and 0 is reached. With one positive the two are the same. Scores are margins that order the labels of a
    document; they have no common threshold. A document without positives, or without negatives, costs nothing. Targets
    between 0 and 1 weigh the mean; a label with any target is no negative.

    Source: Gupta et al., Dual-Encoders for Extreme Multi-label Classification (ICLR 2024), section 4.1.
    """

    kind: Literal["decoupled-softmax"] = "decoupled-softmax"
    score_kind: ClassVar[ScoreKind] = "margin"
    hard_targets: ClassVar[bool] = True

    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """See :meth:`Loss.formula`."""
        return _Formula(positives)


class _Formula(RowFormula):
    """With ``A`` the log-sum-exp of the negatives, ``mean_p softplus(A - z_p)``: A is one number a document."""

    def __init__(self, positives: Positives) -> None:
        super().__init__(positives)
        self._negatives, self._found = RunningLogSumExp(), positives.weights.new_zeros(len(positives.weights))

    def gather(self, tile: Tile) -> None:
        self._found[tile.of] = tile.positive_scores
        self._negatives.add(tile.of_negatives())

    def settle(self, shards: Shards) -> bool:
        from torch.nn import functional

        positives = self.positives
        self._height = self._negatives.result(shards, positives.totals)
        self._found = shards.sum(self._found)  # a positive of another shard adds nothing
        above = positives.each(self._height) - self._found
        self._pull = above.sigmoid() * positives.shares
        self._pulls = positives.sums(self._pull)
        self._losses = positives.sums(functional.softplus(above, threshold=40.0) * positives.shares)
        return False

    def losses(self) -> Tensor:
        return self._losses

    def slope(self, tile: Tile, weights: Tensor) -> Tensor:
        # Without negatives the height is minus infinity, and so is every score that is left.
        found = tile.of_negatives().sub_(finite(self._height)[:, None]).exp_().mul_((weights * self._pulls)[:, None])
        pull = weights.index_select(0, tile.rows) * self._pull[tile.of]
        return tile.put(found, pull.neg_())
