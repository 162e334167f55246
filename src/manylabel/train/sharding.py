"""Labels in shards, one for each process: documents go to all of them, gradients come back."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import once_differentiable

from manylabel.core.processes import rank, world_size
from manylabel.nn.losses.tiles import Shards
from manylabel.train.distributed import from_all


def share(n: int) -> tuple[int, int]:
    """The first and the end of this process's part of n things; parts differ by one at most."""
    return rank() * n // world_size(), (rank() + 1) * n // world_size()


def sizes_of(own: int, device: torch.device) -> list[int]:
    """A number of every process."""
    found = [torch.zeros(1, dtype=torch.int64, device=device) for _ in range(world_size())]
    dist.all_gather(found, torch.tensor([own], device=device))
    return [int(size) for size in found]


def gather_rows(own: Tensor, sizes: list[int]) -> Tensor:
    """The rows of all processes, one process after the other; a gradient comes back added up from all of them.

    Args:
        own: ``[n, ...]`` of this process.
        sizes: n of each process.
    """
    return _GatheredRows.apply(own, sizes)  # type: ignore[return-value]


def own_rows(everyone: Tensor, sizes: list[int]) -> Tensor:
    """This process's rows of what all processes hold alike; a gradient is that of every process for its own rows.

    Args:
        everyone: ``[sum of sizes, ...]``.
        sizes: rows of each process.
    """
    return _OwnRows.apply(everyone, sizes)  # type: ignore[return-value]


class Ranks(Shards):
    """Numbers of shards of labels, one of which each process holds."""

    def sum(self, values: Tensor) -> Tensor:
        """See :meth:`Shards.sum`."""
        total = values.clone()
        dist.all_reduce(total)
        return total

    def maximum(self, values: Tensor) -> Tensor:
        """See :meth:`Shards.maximum`."""
        largest = values.clone()
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        return largest


class _GatheredRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        return _all_rows(own, sizes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total[_own_part(ctx.sizes)], None


class _OwnRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, everyone: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        return everyone[_own_part(sizes)].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return _all_rows(gradients[0].contiguous(), ctx.sizes), None


def _own_part(sizes: list[int]) -> slice:
    before = sum(sizes[: rank()])
    return slice(before, before + sizes[rank()])


def _all_rows(own: Tensor, sizes: list[int]) -> Tensor:
    parts = from_all(own, max(sizes))
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])
