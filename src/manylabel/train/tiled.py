"""Losses over products of vectors, tile by tile of labels: no scores of all labels are ever held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.tiles import ALONE, Positives, RowFormula, Shards, Tile
from manylabel.train.products import add_product, multiply

TILE = 4096


class ScoreTiles:
    """Scores of B documents and labels that lie next to one another, worked out a tile at a time.

    Each walk over them works them out anew. A tile is good until the next one, which takes its place.

    Args:
        score: puts the scores of labels from a first up to an end into floats ``[B, C]``.
        n_labels: labels that are walked over.
        positives: of the documents, among all labels; in their precision scores are.
        size: labels of a tile.
        first: place of the first of the labels among those that `positives` count.
        counts: of these labels, where they are known.
    """

    def __init__(
        self,
        score: Callable[[int, int, Tensor], object],
        n_labels: int,
        positives: Positives,
        *,
        size: int = TILE,
        first: int = 0,
        counts: LabelCounts | None = None,
    ) -> None:
        self._score, self._positives, self._first, self._counts = score, positives, first, counts
        edges = [*range(0, n_labels, size), n_labels]
        self._spans = list(pairwise(edges))
        self._bounds = positives.bounds([first + edge for edge in edges])
        widest = min(size, n_labels)
        self._room = positives.weights.new_empty(positives.n_rows * widest)

    def __iter__(self) -> Iterator[Tile]:
        """One after the other."""
        counts, n_rows, positives = self._counts, self._positives.n_rows, self._positives
        for number, (start, stop) in enumerate(self._spans):
            scores = self._room[: n_rows * (stop - start)].view(n_rows, stop - start)
            self._score(start, stop, scores)
            of = slice(self._bounds[number], self._bounds[number + 1])
            columns = positives.columns[of] - (self._first + start)
            known = None
            if counts is not None:
                known = LabelCounts(counts.counts[start:stop].to(scores.dtype), counts.documents)
            yield Tile(scores, start, of, positives.rows[of], columns, None, known, free=True)


def run_passes(formula: RowFormula, tiles: Iterable[Tile], shards: Shards = ALONE) -> None:
    """Give tiles to a formula, again and again, until it has seen enough.

    Args:
        formula: the loss; its losses and slopes are known afterwards.
        tiles: of one pass; walked over once for each.
        shards: how parts of the labels come together.
    """
    while True:
        for tile in tiles:
            formula.gather(tile)
        if not formula.settle(shards):
            return


def walk_slopes(
    formula: RowFormula, tiles: Iterable[Tile], weights: Tensor, take: Callable[[int, int, Tensor], object]
) -> None:
    """Hand the gradient with respect to the scores over, tile by tile.

    What makes the scores of a tile may be changed as soon as its slope is taken: no later tile looks at it.

    Args:
        formula: after its passes.
        tiles: as in these.
        weights: of the documents' losses in their sum, floats ``[B]``.
        take: gets the first label and the end of each tile, and its slope, floats ``[B, C]``, which is good until the
            next.
    """
    for tile in tiles:
        stop = tile.first + tile.scores.shape[1]
        take(tile.first, stop, formula.slope(tile, weights))


def tiled_losses(
    vectors: Tensor,
    labels: Tensor,
    loss: Loss,
    positives: Positives,
    *,
    scale: Tensor | float = 1.0,
    bias: Tensor | None = None,
    counts: LabelCounts | None = None,
    row_counts: LabelCounts | None = None,
    tile_size: int = TILE,
    shards: Shards = ALONE,
    n_labels: int | None = None,
    first: int = 0,
    documents: Tensor | None = None,
    admissible: Tensor | None = None,
    take: Callable[[int, int, Tensor], object] | None = None,
    factors: torch.dtype | None = None,
) -> Tensor:
    """The losses of documents whose scores are ``s_il = scale <v_i, w_l> + b_l``.

    Forward, scores are worked out tile by tile as often as the loss needs passes; backward once more, and each tile's
    gradient goes on into those of both sides at once. Peak memory beside arguments and gradients is a few times
    ``B tile_size``.

    Source: DexML's chunks (Gupta et al. 2024, appendix) with the closed-form gradients in place of autograd's.

    Args:
        vectors: of documents, floats ``[B, d]``.
        labels: vectors of the labels, or of this process's shard of them, floats ``[U, d]``.
        loss: of the scores.
        positives: among all labels, of all shards.
        scale: a number, or a scalar tensor that may want a gradient.
        bias: floats ``[U]``.
        counts: of these U labels.
        row_counts: of the labels of all shards, where `counts` are those of one.
        tile_size: labels of a tile.
        shards: how shards come together; the gradient of `vectors` is then that of this shard alone.
        n_labels: of all shards; U if not given.
        first: place of the first of these labels among all.
        documents: vectors of further negatives, floats ``[D, d]``, none of them anyone's positive.
        admissible: bool ``[B, D]``, which of them is a negative of which document.
        take: gets the first label and the end of each tile in the backward pass, and the gradient of its vectors
            ``[C, d]``, which is good until the next tile, in place of one for `labels`; it may move these vectors.
        factors: what vectors, and gradients of scores, are rounded to before they are multiplied; scores, losses and
            sums of products are in at least float32 whatever it is. By default as precise as `vectors`, at least
            float32. With bfloat16 a GPU multiplies on its matrix units.

    Returns:
        Floats ``[B]``, at least float32.

    Raises:
        ValueError: counts are needed and not given.
    """
    if not isinstance(scale, Tensor):  # half precision would round it
        scale = torch.tensor(scale, dtype=_precision(vectors), device=vectors.device)
    total = len(labels) if n_labels is None else n_labels
    among = _Among(total, first, counts, row_counts or counts, tile_size, shards, admissible, take, factors)
    return _TiledLosses.apply(vectors, labels, scale, bias, documents, loss, positives, among)  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class _Among:
    """Where the labels of a call stand among all; see :func:`tiled_losses`."""

    n_labels: int
    first: int
    counts: LabelCounts | None
    row_counts: LabelCounts | None
    tile: int
    shards: Shards
    admissible: Tensor | None
    take: Callable[[int, int, Tensor], object] | None
    factors: torch.dtype | None


class _Products:
    """Tiles of products of documents with labels, and then of one with further documents, if there are any."""

    def __init__(
        self,
        vectors: Tensor,
        labels: Tensor,
        scale: Tensor,
        bias: Tensor | None,
        documents: Tensor | None,
        positives: Positives,
        among: _Among,
    ) -> None:
        precision = _precision(vectors)
        self.vectors, self.scale = vectors.to(precision), scale.to(precision)
        self.labels, self.bias, self.documents, self._among = labels, bias, documents, among
        self._positives = positives
        self.factor = (self.vectors * self.scale).to(among.factors or precision)
        self._tiles = ScoreTiles(
            self._score, len(labels), positives, size=among.tile, first=among.first, counts=among.counts
        )

    def __iter__(self) -> Iterator[Tile]:
        """One after the other, that of documents last."""
        yield from self._tiles
        if self.documents is not None:
            n_labels, nothing = len(self.labels), self._positives.rows[:0]
            scores = multiply(self.factor, self.keys(n_labels, n_labels + len(self.documents)).T)
            yield Tile(scores, n_labels, slice(0, 0), nothing, nothing, self._among.admissible, free=True)

    def keys(self, start: int, stop: int) -> Tensor:
        """Vectors of the labels of a tile, or of the further documents behind them, as they are multiplied."""
        n_labels = len(self.labels)
        if start < n_labels or self.documents is None:
            return self.labels[start:stop].to(self.factor.dtype)
        return self.documents[start - n_labels : stop - n_labels].to(self.factor.dtype)

    def _score(self, start: int, stop: int, into: Tensor) -> None:
        multiply(self.factor, self.keys(start, stop).T, into=into)
        if self.bias is not None:
            into += self.bias[start:stop]


class _TiledLosses(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        vectors: Tensor,
        labels: Tensor,
        scale: Tensor,
        bias: Tensor | None,
        documents: Tensor | None,
        loss: Loss,
        positives: Positives,
        among: _Among,
    ) -> Tensor:
        precision = _precision(vectors)
        with torch.autocast(vectors.device.type, enabled=False):
            positives = positives.in_precision(precision)
            products = _Products(vectors, labels, scale, bias, documents, positives, among)
            extra = 0 if among.admissible is None else among.admissible.sum(dim=1)
            formula = loss.formula(positives, among.n_labels + extra, _in_precision(among.row_counts, precision))
            run_passes(formula, products, among.shards)
        ctx.save_for_backward(vectors, labels, scale, bias, documents)
        ctx.formula, ctx.rest = formula, (positives, among)
        return formula.losses()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        vectors, labels, scale, bias, documents = ctx.saved_tensors
        wanted, moves = ctx.needs_input_grad, ctx.rest[1].take
        with torch.autocast(vectors.device.type, enabled=False):
            products = _Products(vectors, labels, scale, bias, documents, *ctx.rest)
            of_vectors = torch.zeros_like(products.vectors) if wanted[0] or wanted[2] else None
            of_labels = torch.empty_like(labels) if wanted[1] else None
            of_bias = torch.empty_like(bias) if wanted[3] else None
            of_documents = torch.empty_like(documents) if wanted[4] else None

            def take(start: int, stop: int, slope: Tensor) -> None:
                factor = slope.to(products.factor.dtype)
                if of_vectors is not None:
                    add_product(of_vectors, factor, products.keys(start, stop))
                if start >= len(labels):
                    if of_documents is not None:
                        of_documents.copy_(multiply(factor.T, products.factor))
                    return
                if moves is not None:
                    moves(start, stop, multiply(factor.T, products.factor))
                elif of_labels is not None:
                    of_labels[start:stop] = multiply(factor.T, products.factor)
                if of_bias is not None:
                    of_bias[start:stop] = slope.sum(dim=0)

            walk_slopes(ctx.formula, products, gradients[0], take)
            of_scale = None
            if of_vectors is not None:
                # Of the products themselves so far, whose factor is the scale.
                of_scale = (of_vectors * products.vectors).sum().to(scale.dtype) if wanted[2] else None
                of_vectors = of_vectors.mul_(products.scale).to(vectors.dtype)
        return of_vectors, of_labels, of_scale, of_bias, of_documents, None, None, None


def _precision(vectors: Tensor) -> torch.dtype:
    return torch.promote_types(vectors.dtype, torch.float32)


def _in_precision(counts: LabelCounts | None, dtype: torch.dtype) -> LabelCounts | None:
    return None if counts is None else LabelCounts(counts.counts.to(dtype), counts.documents)
