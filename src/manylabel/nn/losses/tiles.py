"""A loss in execution: passes over tiles of labels, then values, then slopes; no scores of all labels are held."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_matrix
    from torch import Tensor

    from manylabel.nn.losses.base import LabelCounts

_NOTHING = -float("inf")


@dataclass(frozen=True, eq=False)
class Positives:
    """The positives of B documents among L labels.

    Attributes:
        rows: int64 ``[m]``, documents.
        columns: int64 ``[m]``, labels, ascending, so that those of a tile are a slice; where one tile has all labels
            the order does not matter.
        weights: floats ``[m]``, targets above 0: 1 for plain positives, less where texts were mixed.
        n_rows: B.
    """

    rows: Tensor
    columns: Tensor
    weights: Tensor
    n_rows: int

    @classmethod
    def of_matrix(cls, positives: csr_matrix) -> Positives:
        """Those of a label matrix, bool CSR ``[B, L]`` without entries stored as false."""
        import torch

        columns = positives.indices.astype(np.int64)
        rows = np.repeat(np.arange(positives.shape[0]), np.diff(positives.indptr))
        order = np.argsort(columns, kind="stable")
        sorted_rows, sorted_columns = torch.from_numpy(rows[order]), torch.from_numpy(columns[order])
        return cls(sorted_rows, sorted_columns, torch.ones(len(rows)), int(positives.shape[0]))

    @classmethod
    def of_targets(cls, targets: Tensor, *, one_tile: bool = False) -> Positives:
        """Those of targets ``[B, C]`` that are not 0.

        Args:
            targets: floats.
            one_tile: leave them in the order of rows; sorting takes longer than all of a loss where no target is 0.
        """
        from manylabel.nn.losses.elements import places_of_positives

        rows, columns = places_of_positives(targets)
        if not one_tile:
            order = columns.argsort(stable=True)
            rows, columns = rows[order], columns[order]
        weights = targets.reshape(-1).index_select(0, rows * targets.shape[1] + columns)
        return cls(rows, columns, weights, len(targets))

    def to(self, device: torch.device | str) -> Positives:
        """The same on another device."""
        return Positives(self.rows.to(device), self.columns.to(device), self.weights.to(device), self.n_rows)

    def in_precision(self, dtype: torch.dtype) -> Positives:
        """The same with weights of another precision."""
        if self.weights.dtype == dtype:
            return self
        return Positives(self.rows, self.columns, self.weights.to(dtype), self.n_rows)

    @cached_property
    def totals(self) -> Tensor:
        """Sum of the weights of each document, floats ``[B]``."""
        return self.sums(self.weights)

    @cached_property
    def shares(self) -> Tensor:
        """What part of its document's weights each positive has, floats ``[m]``."""
        return self.weights / self.each(self.totals.clamp(min=1e-12))

    def each(self, values: Tensor) -> Tensor:
        """A number of each document, ``[B]``, for each of its positives, ``[m]``."""
        return values.index_select(0, self.rows)

    def sums(self, values: Tensor) -> Tensor:
        """Sums ``[B]`` of a number of each positive, ``[m]``."""
        return values.new_zeros(self.n_rows).scatter_add_(0, self.rows, values)

    def largest(self, values: Tensor) -> Tensor:
        """The largest ``[B]`` of numbers ``[m]`` that are not negative; 0 for a document without positives."""
        return values.new_zeros(self.n_rows).scatter_reduce_(0, self.rows, values, "amax")

    def log_sum_exp(self, values: Tensor) -> Tensor:
        """The logarithm of the sum of exponentials ``[B]`` of numbers ``[m]``; minus infinity without positives."""
        highest = values.new_full((self.n_rows,), _NOTHING).scatter_reduce_(0, self.rows, values, "amax")
        highest = finite(highest)
        return self.sums((values - self.each(highest)).exp_()).log_().add_(highest)

    def bounds(self, edges: list[int]) -> list[int]:
        """How many positives lie in front of each of some columns."""
        import torch

        wanted = torch.tensor(edges, device=self.columns.device)
        return torch.searchsorted(self.columns, wanted).tolist()


@dataclass(frozen=True, eq=False)
class Tile:
    """Scores of some labels that lie next to one another.

    Attributes:
        scores: floats ``[B, C]``, at least float32, contiguous.
        first: place of its first label among those that are walked over.
        of: which positives lie in it.
        rows: int64 ``[k]`` of these.
        columns: int64 ``[k]`` of these, counted within the tile.
        mask: bool ``[B, C]``, false where there is no label; None where all are there.
        labels: counts of its labels, where they are known.
        free: whether the scores may be written over by whoever needs them last, as where the next tile takes their
            place; a copy of a tile takes as long as its exponentials.
    """

    scores: Tensor
    first: int
    of: slice
    rows: Tensor
    columns: Tensor
    mask: Tensor | None = None
    labels: LabelCounts | None = None
    free: bool = False

    @cached_property
    def _places(self) -> Tensor:
        """Of the positives in the scores laid out in one row: a fifth of the time that rows and columns take."""
        return self.rows * self.scores.shape[1] + self.columns

    @cached_property
    def positive_scores(self) -> Tensor:
        """Floats ``[k]``."""
        return self.scores.view(-1).index_select(0, self._places)

    def taken(self) -> Tensor:
        """Scores ``[B, C]`` that may be written over, minus infinity where there is no label; the last use of them."""
        scores = self.scores if self.free else self.scores.clone()
        return scores if self.mask is None else scores.masked_fill_(~self.mask, _NOTHING)

    def of_negatives(self) -> Tensor:
        """As :meth:`taken`, with minus infinity in the place of positives as well."""
        scores = self.taken()
        scores.view(-1).index_fill_(0, self._places, _NOTHING)
        return scores

    def put(self, into: Tensor, values: Tensor) -> Tensor:
        """``[B, C]`` with a number of each positive, ``[k]``, in its place."""
        into.view(-1).index_copy_(0, self._places, values)
        return into

    def add(self, onto: Tensor, values: Tensor) -> Tensor:
        """``[B, C]`` with a number of each positive, ``[k]``, added in its place."""
        onto.view(-1).scatter_add_(0, self._places, values)
        return onto

    def targets(self, positives: Positives) -> Tensor:
        """Targets ``[B, C]`` of the tile."""
        import torch

        return self.put(torch.zeros_like(self.scores), positives.weights[self.of])


class Shards:
    """How numbers that parts of the labels have of each document come together; here the labels are in one piece."""

    def sum(self, values: Tensor) -> Tensor:
        """Added up over all parts."""
        return values

    def maximum(self, values: Tensor) -> Tensor:
        """The largest of all parts."""
        return values

    def log_sum_exp(self, values: Tensor) -> Tensor:
        """The logarithm of the sum of exponentials, minus infinity where every part is."""
        most = finite(self.maximum(values))
        return self.sum((values - most).exp()).log() + most


ALONE = Shards()


class RowFormula(ABC):
    """A loss of B documents while it is worked out.

    For every pass, each tile is given to :meth:`gather` and then :meth:`settle` is called, until that asks for no more.
    After that :meth:`losses` are known, and :meth:`slope` those of any tile, as often as wanted.

    Args:
        positives: of the documents, with weights in the precision of the scores.
    """

    def __init__(self, positives: Positives) -> None:
        self.positives = positives

    @abstractmethod
    def gather(self, tile: Tile) -> None:
        """Take from a tile what the present pass needs of it."""

    @abstractmethod
    def settle(self, shards: Shards) -> bool:
        """Close a pass over all tiles; whether there has to be one more."""

    @abstractmethod
    def losses(self) -> Tensor:
        """The loss of each document, floats ``[B]``."""

    @abstractmethod
    def slope(self, tile: Tile, weights: Tensor) -> Tensor:
        """The gradient of ``sum_i weights_i losses_i`` with respect to the scores of a tile, floats ``[B, C]``."""


class RunningLogSumExp:
    """``log sum_l e^(z_l)`` of each document over tiles."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []

    def add(self, scores: Tensor) -> None:
        """Take scores ``[B, C]``, and write over them; minus infinity adds nothing."""
        if scores.shape[1]:
            highest = finite(scores.amax(dim=1))
            self._parts.append(scores.sub_(highest[:, None]).exp_().sum(dim=1).log_().add_(highest))

    def result(self, shards: Shards, like: Tensor) -> Tensor:
        """Floats ``[B]``, minus infinity where nothing was added; `like` has their shape and precision."""
        import torch

        own = torch.stack(self._parts).logsumexp(dim=0) if self._parts else torch.full_like(like, _NOTHING)
        return shards.log_sum_exp(own)


def finite(heights: Tensor) -> Tensor:
    """Zeros in place of minus infinity, which has no difference to itself."""
    return heights.masked_fill(heights.isneginf(), 0.0)
