"""Rows of tables of labels: read for shortlists, with gradients for what was read and nothing else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def rows_of(table: Tensor, label_ids: Tensor, *, sparse: bool) -> Tensor:
    """The rows of shortlists.

    Args:
        table: floats ``[L, ...]``.
        label_ids: int64 ``[B, C]``; negative numbers are padding, which reads the first row and gives it no gradient.
        sparse: make a gradient of the rows that were read (each once, in order), not of the whole table.

    Returns:
        Floats ``[B, C, ...]``.
    """
    return _Rows.apply(table, label_ids, sparse)  # type: ignore[return-value]


def distinct_rows(ids: Tensor, n_rows: int) -> tuple[Tensor, Tensor]:
    """Rows that are read, each once and in order, int64 ``[U]``, and which of them each id is, of the shape of `ids`.

    Args:
        ids: int64 of any shape, not negative.
        n_rows: of the table.
    """
    if n_rows > 16 * ids.numel():
        return ids.unique(return_inverse=True)
    # Marks in place of sorting.
    read = torch.zeros(n_rows, dtype=torch.bool, device=ids.device)
    read[ids.flatten()] = True
    return read.nonzero().squeeze(1), (read.cumsum(0) - 1)[ids]


def gradient_of_rows(table: Tensor, rows: Tensor, values: Tensor, *, sparse: bool) -> Tensor:
    """The gradient of a table from that of some rows.

    Args:
        table: floats ``[L, ...]``, whose shape it has.
        rows: int64 ``[U]``, ascending, each once.
        values: floats ``[U, ...]``.
        sparse: as for :func:`rows_of`.
    """
    if sparse:
        return torch.sparse_coo_tensor(rows[None], values, table.shape, is_coalesced=True, check_invariants=False)
    gradient = torch.zeros(table.shape, dtype=values.dtype, device=values.device)
    gradient[rows] = values
    return gradient


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, label_ids: Tensor, sparse: bool) -> Tensor:
        ctx.save_for_backward(label_ids)
        ctx.table, ctx.sparse = table.detach(), sparse
        return table.detach()[label_ids.clamp(min=0)]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        (label_ids,) = ctx.saved_tensors
        there = label_ids >= 0
        whole = bool(there.all())
        ids = label_ids.flatten() if whole else label_ids[there]
        values = gradient.flatten(0, 1) if whole else gradient[there]
        rows, places = distinct_rows(ids, len(ctx.table))
        added = values.new_zeros((len(rows), *values.shape[1:])).index_add_(0, places, values)
        return gradient_of_rows(ctx.table, rows, added, sparse=ctx.sparse), None, None
