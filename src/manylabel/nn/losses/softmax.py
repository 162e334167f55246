"""Softmax over all labels, with several positives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from manylabel.nn.losses.base import LabelCounts, RowLoss
from manylabel.nn.losses.tiles import Positives, RowFormula, RunningLogSumExp, Shards, Tile, finite

if TYPE_CHECKING:
    from torch import Tensor


class Softmax(RowLoss):
    """``log sum_l e^(z_l) - mean_p z_p``: cross-entropy with ``1 / positives`` on each positive of the document.

    Least where the positives share all probability in equal parts, so at the logarithm of their number, not at 0; a
    positive with more than its part is pushed down. Targets between 0 and 1 weigh the mean. A document without
    positives costs nothing.

    :meth:`outputs` are softmax probabilities: they sum to 1 over the labels that were scored, so a good threshold
    falls with the number of positives.

    Source: Joulin et al., Learning Visual Features from Large Weakly Supervised Data (ECCV 2016), section 3.
    """

    kind: Literal["softmax"] = "softmax"

    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """See :meth:`Loss.formula`."""
        return _Formula(positives)

    def outputs(self, scores: Tensor) -> Tensor:
        """Softmax probabilities ``[B, C]``, over the labels that were scored; padding has to be minus infinity."""
        return scores.softmax(dim=1)


class _Formula(RowFormula):
    def __init__(self, positives: Positives) -> None:
        super().__init__(positives)
        self._all, self._found = RunningLogSumExp(), positives.weights.new_zeros(len(positives.weights))

    def gather(self, tile: Tile) -> None:
        self._found[tile.of] = tile.positive_scores
        self._all.add(tile.taken())

    def settle(self, shards: Shards) -> bool:
        positives = self.positives
        self._height = self._all.result(shards, positives.totals)
        # Differences first: large scores cancel before they are added up. A positive of another shard adds nothing.
        self._found = shards.sum(self._found)
        self._losses = positives.sums((positives.each(self._height) - self._found) * positives.shares)
        return False

    def losses(self) -> Tensor:
        return self._losses

    def slope(self, tile: Tile, weights: Tensor) -> Tensor:
        positives = self.positives
        # Of a document with positives its probabilities; one without has no loss and no slope.
        rows = weights * (positives.totals > 0)
        found = tile.taken().sub_(finite(self._height)[:, None]).exp_().mul_(rows[:, None])
        pull = weights.index_select(0, tile.rows) * positives.shares[tile.of]
        return tile.add(found, pull.neg_())
