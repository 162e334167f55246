"""Losses of pairs of a positive and a negative label of the same document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from manylabel.nn.losses.elements import Side
from manylabel.nn.losses.tiles import Positives, RowFormula, Shards, Tile

if TYPE_CHECKING:
    from torch import Tensor

_PAIRS = 1 << 20
"""Pairs that are held at once; at least one positive with all labels of a tile."""


class PairFormula(RowFormula):
    """The weighted mean of ``cost(z_n - z_p)`` over pairs of a positive p and a negative n.

    A pair weighs ``y_p (1 - y_n)``; a label makes no pair with itself. The first pass takes the scores of the
    positives, the second holds each of them against all labels. Where one tile has all labels its slopes are kept from
    that pass: a third would take as long again.

    Args:
        positives: of B documents.
        n_labels: L, or that of each document, int64 ``[B]``.
        side: cost and slope of ``z_n - z_p``.
        only_costly: take the mean over pairs that cost something, not over all.
    """

    def __init__(self, positives: Positives, n_labels: int | Tensor, side: Side, *, only_costly: bool) -> None:
        import torch

        super().__init__(positives)
        self._side, self._only_costly = side, only_costly
        weights = positives.weights
        self._found, self._pull = torch.zeros_like(weights), torch.zeros_like(weights)
        self._passes = 0
        self._n_labels = n_labels
        totals = positives.totals
        among_themselves = positives.sums(weights * (1 - weights))
        self._pairs = totals * (n_labels - totals) - among_themselves
        self._costs, self._costly = torch.zeros_like(totals), torch.zeros_like(totals)
        self._kept: Tensor | None = None
        self._hard = bool((weights == 1).all())

    def gather(self, tile: Tile) -> None:
        """See :meth:`RowFormula.gather`."""
        import torch

        if self._passes == 0:
            self._found[tile.of] = tile.positive_scores
            return
        if isinstance(self._n_labels, int) and tile.scores.shape[1] == self._n_labels:
            self._kept = torch.zeros_like(tile.scores)
        for part, share, above in self._held_against(tile):
            rows = self.positives.rows[part]
            cost, slope = self._side(above)
            if self._only_costly:
                costly = (cost > 0).to(cost.dtype)
                self._costly.index_add_(0, rows, (costly if share is None else costly.mul_(share)).sum(dim=1))
            if share is not None:
                cost *= share
                slope *= share
            self._costs.index_add_(0, rows, cost.sum(dim=1))
            self._pull[part] += slope.sum(dim=1)
            if self._kept is not None:
                self._kept.index_add_(0, rows, slope)

    def settle(self, shards: Shards) -> bool:
        """See :meth:`RowFormula.settle`."""
        import torch

        self._passes += 1
        if self._passes == 1:
            self._found = shards.sum(self._found)  # a positive of another shard adds nothing
            return True
        self._pull = shards.sum(self._pull)
        pairs = shards.sum(self._costly) if self._only_costly else self._pairs
        self._over = torch.where(pairs > 0, pairs, 1.0)
        self._losses = shards.sum(self._costs) / self._over
        return False

    def losses(self) -> Tensor:
        """See :meth:`RowFormula.losses`."""
        return self._losses

    def slope(self, tile: Tile, weights: Tensor) -> Tensor:
        """See :meth:`RowFormula.slope`."""
        import torch

        each = weights / self._over
        if self._kept is not None:
            found = self._kept * each[:, None]
        else:
            found = torch.zeros_like(tile.scores)
            for part, share, above in self._held_against(tile):
                _, slope = self._side(above)
                found.index_add_(0, self.positives.rows[part], slope if share is None else slope.mul_(share))
            found *= each[:, None]
        pull = self._pull[tile.of] * each.index_select(0, tile.rows)
        return tile.add(found, pull.neg_())

    def _held_against(self, tile: Tile) -> Iterator[tuple[slice, Tensor | None, Tensor]]:
        """Some positives at a time: which, the weights of their pairs with the tile's labels, and ``z_n - z_p``.

        Where targets are 0 or 1 there are no weights, and a label that makes no pair is infinitely far below: fewer
        passes over all pairs.
        """
        import torch

        size = max(1, _PAIRS // max(tile.scores.shape[1], 1))
        parts = [slice(at, at + size) for at in range(0, len(self.positives.rows), size)]
        if self._hard:
            scores = tile.of_negatives()
            for part in parts:
                yield part, None, self._above(scores, part)
            return
        negatives = 1.0 - tile.targets(self.positives)
        if tile.mask is not None:
            negatives = negatives.masked_fill(~tile.mask, 0.0)
        # Places in the tile of the positives that lie in it: there a label would meet itself.
        own = torch.full_like(self.positives.rows, -1)
        own[tile.of] = tile.columns
        for part in parts:
            share = negatives.index_select(0, self.positives.rows[part])
            inside = own[part] >= 0
            share[inside.nonzero().squeeze(1), own[part][inside]] = 0.0
            yield part, share.mul_(self.positives.weights[part, None]), self._above(tile.scores, part)

    def _above(self, scores: Tensor, part: slice) -> Tensor:
        return scores.index_select(0, self.positives.rows[part]).sub_(self._found[part, None])
