"""Adam for tables of which a step reads a few rows: only these are moved, and only their moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor


class RowAdam(torch.optim.Optimizer):
    """Lazy Adam, with the results of torch's ``SparseAdam``, in one pass over the rows on a processor.

    Gradients are sparse in their first dimension, with each row once. Moments ``exp_avg`` and ``exp_avg_sq`` have the
    shape of the parameter; rows without gradient keep theirs. `step` counts steps of the table, not of rows
    (Kingma and Ba 2015, algorithm 1, at the rows of the gradient).

    Args:
        groups: of parameters, each with its `lr`.
        betas, eps: of Adam.
    """

    def __init__(self, groups: list[dict[str, Any]], *, betas: tuple[float, float], eps: float) -> None:
        super().__init__(groups, {"lr": 1e-3, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move the rows that have a gradient."""
        assert closure is None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad.coalesce(), group)

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(parameter, memory_format=torch.contiguous_format)
            state["exp_avg_sq"] = torch.zeros_like(parameter, memory_format=torch.contiguous_format)
        state["step"] += 1
        (beta1, beta2), steps = group["betas"], int(state["step"])
        rate = group["lr"] * math.sqrt(1 - beta2**steps) / (1 - beta1**steps)
        rows, values = gradient.indices()[0], gradient.values()
        tensors = (parameter, state["exp_avg"], state["exp_avg_sq"])
        if parameter.device.type == "cpu" and parameter.dtype == torch.float32 and parameter.is_contiguous():
            weights, first, second = (tensor.detach().reshape(len(parameter), -1).numpy() for tensor in tensors)
            given = values.contiguous().reshape(len(rows), math.prod(parameter.shape[1:])).numpy()
            decays, sizes = (np.float32(beta1), np.float32(beta2)), (np.float32(rate), np.float32(group["eps"]))
            _move_rows(weights, first, second, rows.numpy(), given, decays, sizes)
            return
        first, second = (tensor[rows] for tensor in tensors[1:])
        first.lerp_(values, 1 - beta1)
        second.mul_(beta2).addcmul_(values, values, value=1 - beta2)
        parameter.index_add_(0, rows, first / second.sqrt().add_(group["eps"]), alpha=-rate)
        state["exp_avg"][rows], state["exp_avg_sq"][rows] = first, second


@njit(cache=True, nogil=True, error_model="numpy")
def _move_rows(
    weights: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    rows: np.ndarray,
    gradient: np.ndarray,
    decays: tuple[np.float32, np.float32],
    sizes: tuple[np.float32, np.float32],
) -> None:
    one = np.float32(1)
    (beta1, beta2), (rate, epsilon) = decays, sizes
    for number in range(len(rows)):
        weight, mean, square, given = weights[rows[number]], first[rows[number]], second[rows[number]], gradient[number]
        for place in range(len(weight)):
            value = given[place]
            mean[place] += (value - mean[place]) * (one - beta1)
            square[place] += (value * value - square[place]) * (one - beta2)
            weight[place] -= rate * mean[place] / (np.sqrt(square[place]) + epsilon)
