"""Products of matrices whose factors may be of half precision, with sums of single precision."""

from __future__ import annotations

import torch
from torch import Tensor


def multiply(left: Tensor, right: Tensor, *, into: Tensor | None = None) -> Tensor:
    """``left @ right`` with sums in at least float32, whatever the precision of the factors.

    Args:
        left: floats ``[m, d]``.
        right: of the same precision, ``[d, n]``.
        into: at least float32 ``[m, n]``, to be written over; by default a new tensor.

    Returns:
        Floats ``[m, n]``, float32 for factors of less.
    """
    if left.dtype not in (torch.bfloat16, torch.float16):
        return torch.mm(left, right) if into is None else torch.mm(left, right, out=into)
    into = left.new_empty(len(left), right.shape[1], dtype=torch.float32) if into is None else into
    if left.is_cuda:
        return torch.ops.aten.mm.dtype_out(left, right, torch.float32, out=into)
    # Processors have no such product: it is the same one in single precision, since each factor is exact there.
    return torch.mm(left.float(), right.float(), out=into)


def add_product(to: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Add :func:`multiply` to a tensor of at least float32 ``[m, n]``, in place."""
    if left.dtype == to.dtype:
        return to.addmm_(left, right)
    return to.add_(multiply(left, right))


def factors_of(device: torch.device) -> torch.dtype | None:
    """What factors are rounded to where half precision is on: bfloat16 on a GPU, whose matrix units take it; None, as
    they are, on processors, where it gains nothing, and under float16, whose range is too small for gradients."""
    if device.type != "cuda" or not torch.is_autocast_enabled("cuda"):
        return None
    return torch.bfloat16 if torch.get_autocast_dtype("cuda") == torch.bfloat16 else None
