"""A smooth top-k: every document has k labels to give away, and its positives should get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from manylabel.core.errors import ConfigError
from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import LabelCounts, RowLoss
from manylabel.nn.losses.tiles import ALONE, Positives, RowFormula, RunningLogSumExp, Shards, Tile, finite

if TYPE_CHECKING:
    from torch import Tensor

_MOST_PASSES = 60
_PLACES = 8.0
"""Of the last place of a sum in single precision: closer to k it need not come."""
_CLOSEST = 1e-12
"""Relative to k, where numbers have more places."""
_HALVINGS = 40
"""Of a bracket for the first t; an interval of 10^4 comes down to 10^-8."""


class SoftTopK(RowLoss):
    """``-mean_p log q_p`` over the positives p of a document, with ``q_l = s(alpha (z_l + t))`` and t such that
    ``sum_l q_l = k``.

    s is the logistic function, and t follows from the scores: to raise one label is to lower the others. A positive
    among the first k costs next to nothing, wherever it stands there. Scores are margins that order the labels of a
    document. A document without positives costs nothing. Targets between 0 and 1 weigh the mean.

    Source: Gupta et al., Dual-Encoders for Extreme Multi-label Classification (ICLR 2024), section 4.2, where alpha
    stands at the scores alone: the same with another t.
    """

    kind: Literal["soft-top-k"] = "soft-top-k"
    score_kind: ClassVar[ScoreKind] = "margin"
    hard_targets: ClassVar[bool] = True
    k: Annotated[int, Field(ge=1)] | Literal["positives"] = Field(
        default=5, description="Labels to give away; or as many as the document has positives."
    )
    alpha: float = Field(default=2.0, gt=0, le=1000, description="How sharp the border between in and out is.")

    def check_labels(self, n_labels: int) -> None:
        """See :meth:`Loss.check_labels`."""
        least = 1 if self.k == "positives" else self.k
        if least >= n_labels:
            raise ConfigError(f"the loss soft-top-k: k {least} is not below the number of labels, {n_labels}")

    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """See :meth:`Loss.formula`; where a batch has fewer labels, k is one less than these."""
        import torch

        totals = positives.totals
        size = torch.as_tensor(n_labels, device=totals.device).to(totals.dtype).expand_as(totals)
        wanted = totals.ceil() if self.k == "positives" else torch.full_like(totals, float(self.k))
        return _Formula(positives, torch.minimum(wanted, size - 1).clamp(min=1), size, self.alpha)


class _Formula(RowFormula):
    """The equation ``f(t) = sum_l q_l = k``, solved with few looks at all scores.

    The first pass takes each document's largest scores, and of all others the logarithm of the mean of ``e^(alpha z)``.
    With the others taken for equal that is an equation of a few numbers, solved at no cost, whose t is nearly right:
    what lies around the k-th label decides, and that is there. Newton's method on ``log f`` over all scores does the
    rest, inside the bracket that has been seen; the further from k, the more it needs.

    Scores are counted from the largest of the document, where float numbers are densest. The gradient is that of the
    equation.
    """

    def __init__(self, positives: Positives, k: Tensor, size: Tensor, alpha: float) -> None:
        import torch

        super().__init__(positives)
        self._k, self._size, self._alpha = k, size, alpha
        self._found = positives.weights.new_zeros(len(positives.weights))
        self._n_largest = min(max(2 * int(k.max()), 16), 256) if len(k) else 0
        self._largest, self._others = k.new_zeros(len(k), 0), RunningLogSumExp()
        self._lowest, self._n_own = k.new_full(k.shape, float("inf")), torch.zeros_like(k)
        self.passes = 0

    def gather(self, tile: Tile) -> None:
        if self.passes == 0:
            self._look_around(tile)
            return
        q = self._q(tile)
        self._f += q.sum(dim=1)
        self._slope += q.addcmul_(q, q, value=-1).sum(dim=1)

    def settle(self, shards: Shards) -> bool:
        if self.passes == 0:
            self._begin(shards)
            return True
        f, self._total = shards.sum(self._f), shards.sum(self._slope)
        following, done = self._step(f)
        if bool(done.all()) or self.passes >= _MOST_PASSES:
            self._finish()
            return False
        self._t = self._t.where(done, following)
        self._restart()
        return True

    def losses(self) -> Tensor:
        return self._losses

    def slope(self, tile: Tile, weights: Tensor) -> Tensor:
        q = self._q(tile)
        shared = self._pulls * weights / self._total.clamp(min=1e-30)
        found = q.addcmul_(q, q, value=-1).mul_(shared[:, None])
        pull = weights.index_select(0, tile.rows) * self._pull[tile.of]
        return tile.add(found, pull.neg_())

    def _look_around(self, tile: Tile) -> None:
        """The first pass: where scores lie."""
        import torch

        width = tile.scores.shape[1]
        if not width:
            return
        self._found[tile.of] = tile.positive_scores
        scores = tile.scores if tile.mask is None else tile.scores.masked_fill(~tile.mask, float("inf"))
        self._lowest = self._lowest.minimum(scores.amin(dim=1))
        scores = tile.taken()
        largest, places = scores.topk(min(self._n_largest, width), dim=1, sorted=False)
        self._n_own = self._n_own + (width if tile.mask is None else tile.mask.sum(dim=1))
        self._others.add(scores.scatter_(1, places, -float("inf")).mul_(self._alpha))
        largest = torch.cat([self._largest, largest], dim=1).sort(dim=1, descending=True).values
        self._others.add(largest[:, self._n_largest :] * self._alpha)
        self._largest = largest[:, : self._n_largest]

    def _begin(self, shards: Shards) -> None:
        """The first t: bisection on what is known of the scores."""
        import torch

        alpha = self._alpha
        self._found = shards.sum(self._found)  # a positive of another shard adds nothing
        highest = self._largest.amax(dim=1) if self._largest.shape[1] else -self._lowest
        self._top = finite(shards.maximum(highest))
        lowest = -shards.maximum(-self._lowest)
        spread = torch.where(self._size > 0, self._top - lowest, 0.0)
        largest = self._largest - self._top[:, None]
        others = self._others.result(ALONE, self._k) - alpha * self._top
        rest = (self._n_own - (largest > -float("inf")).sum(dim=1)).clamp(min=1)
        # At the lower end even equal scores have no more than k; at the upper one all but a share of 1 / (10^4 L).
        margin = (self._size.clamp(min=1).log() + 10.0) / alpha
        self._low, self._high = -margin, spread + margin
        low, high = self._low, self._high
        for _ in range(_HALVINGS):
            t = (low + high) / 2
            f = (alpha * (largest + t[:, None])).sigmoid().sum(dim=1)
            f = shards.sum(f + rest * (alpha * t + others - rest.log()).sigmoid())
            low, high = t.where(f < self._k, low), t.where(f >= self._k, high)
        # Of a single label there is no choice: it gets all.
        self._t = torch.where(self._size < 2, self._high, (low + high) / 2)
        self._restart()

    def _restart(self) -> None:
        self.passes += 1
        self._f, self._slope = self._k.new_zeros(self._k.shape), self._k.new_zeros(self._k.shape)

    def _step(self, f: Tensor) -> tuple[Tensor, Tensor]:
        """The next t, and for which documents the present one is as good as it gets."""
        import torch

        last_place = torch.finfo(f.dtype).eps
        self._low = self._t.where(f < self._k, self._low)
        self._high = self._t.where(f >= self._k, self._high)
        rise = self._total.clamp(min=1e-30) * self._alpha
        newton = self._t + (self._k.log() - f.clamp(min=1e-30).log()) * f / rise
        inside = (newton > self._low) & (newton < self._high)
        following = newton.where(inside, (self._low + self._high) / 2)
        near = (f - self._k).abs() <= max(_PLACES * last_place, _CLOSEST) * self._k
        # A step of the last places of t leads nowhere.
        stuck = (following - self._t).abs() <= 2 * last_place * self._t.abs()
        return following, near | stuck | (self._size < 2)

    def _q(self, tile: Tile) -> Tensor:
        """``q_l``, floats ``[B, C]``, to be written over; 0 where there is no label."""
        return tile.taken().sub_(self._top[:, None]).add_(self._t[:, None]).mul_(self._alpha).sigmoid_()

    def _finish(self) -> None:
        from torch.nn import functional

        positives = self.positives
        margin = -self._alpha * (self._found - positives.each(self._top) + positives.each(self._t))
        self._losses = positives.sums(functional.softplus(margin, threshold=40.0) * positives.shares)
        self._pull = self._alpha * margin.sigmoid() * positives.shares
        self._pulls = positives.sums(self._pull)
