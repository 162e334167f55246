"""A linear classifier of each label for so many labels that neither their scores nor their gradients are held."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from manylabel.nn.dropout import Dropout
from manylabel.nn.heads.base import Head
from manylabel.nn.heads.tiled_linear_config import TiledLinearConfig
from manylabel.nn.inputs import States

_PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_LOWER_HALF = 1 << 16


class TiledLinear(Head):
    """``z_l = w_l . f(h) + b_l`` as in the head `linear`, whose classifiers w move while a loss is taken back.

    The classifiers have no gradient: the task works that of one tile of labels out, gives it to :meth:`move` and
    forgets it. They follow stochastic gradient descent with momentum, which needs one table beside them where Adam
    needs two and a gradient; the bias and the layers below have the optimiser of the training.

    Source: Renee (Jain et al., MLSys 2023), whose classifiers of all labels move in place; chunks, bfloat16 and random
    rounding as in ELMO (ICML 2025).

    Attributes:
        weight: the classifiers ``[L, d]``, float32 or bfloat16.
    """

    needs: ClassVar[Literal["tokens", "pooled"]] = "pooled"
    moves_itself: ClassVar[bool] = True

    def __init__(self, config: TiledLinearConfig, width: int, pooled_width: int, n_labels: int) -> None:
        super().__init__()
        del width
        hidden, self.config = config.hidden_dim, config
        self.dropout = Dropout(config.dropout)
        self.hidden = None if hidden is None else nn.Linear(pooled_width, hidden)
        size = (n_labels, hidden or pooled_width)
        self.weight = nn.Parameter(torch.empty(size, dtype=_PRECISIONS[config.precision]), requires_grad=False)
        limit = math.sqrt(6.0 / sum(size))  # as in a table of the head linear
        for rows in self.weight.split(config.labels_at_once):
            rows.copy_(torch.empty(rows.shape).uniform_(-limit, limit))
        self.bias = nn.Parameter(torch.zeros(n_labels))
        self.register_buffer("momentum", None, persistent=False)
        self._rate = 0.0

    def vectors(self, states: States) -> Tensor:
        """What the classifiers are multiplied with, floats ``[B, d]``."""
        assert states.pooled is not None
        vector = self.dropout(states.pooled)
        return vector if self.hidden is None else self.dropout(self.hidden(vector).relu())

    def forward(self, states: States, label_ids: Tensor | None = None) -> Tensor:
        """See :meth:`Head.forward`; the classifiers get no gradient."""
        vectors = self.vectors(states).float()
        if label_ids is not None:
            ids = label_ids.clamp(min=0)
            return torch.einsum("bd,bcd->bc", vectors, self.weight[ids].float()) + self.bias[ids]
        scores = vectors.new_empty(len(vectors), len(self.weight))
        for start in range(0, len(self.weight), self.config.labels_at_once):
            tile = slice(start, start + self.config.labels_at_once)
            scores[:, tile] = vectors @ self.weight[tile].float().T + self.bias[tile]
        return scores

    def begin_step(self, factor: float) -> None:
        """The next gradients move the classifiers at this much of the largest rate."""
        self._rate = self.config.learning_rate * factor

    @torch.no_grad()
    def move(self, start: int, stop: int, gradient: Tensor) -> None:
        """Move the classifiers of some labels.

        Args:
            start: the first of the labels.
            stop: their end.
            gradient: of their classifiers, float32 ``[stop - start, d]``; written over.
        """
        weight, options = self.weight[start:stop], self.config
        if options.weight_decay:
            gradient.add_(weight, alpha=options.weight_decay)
        if options.momentum:
            momentum = self._momentum()[start:stop]
            gradient.add_(momentum, alpha=options.momentum)
            _put(momentum, gradient)
        if weight.dtype == torch.float32:
            weight.add_(gradient, alpha=-self._rate)
        else:
            _put(weight, gradient.mul_(-self._rate).add_(weight))

    def label_weights(self) -> nn.Parameter:
        """The classifiers; see :meth:`Head.label_weights`."""
        return self.weight

    def classifiers(self) -> nn.Parameter:
        """See :meth:`Head.classifiers`."""
        return self.weight

    def moved(self) -> dict[str, nn.Parameter]:
        """What :meth:`move` moves, by name."""
        return {"weight": self.weight}

    def state(self) -> dict[str, Tensor]:
        """What :meth:`move` remembers beside that, by name."""
        return {"momentum": self._momentum()} if self.config.momentum else {}

    def _momentum(self) -> Tensor:
        """A table as large as the classifiers, made when the training begins."""
        if self.momentum is None:
            self.momentum = torch.zeros_like(self.weight)
        return self.momentum


def _put(into: Tensor, values: Tensor) -> None:
    """Write float32 values into a tensor of their shape; into bfloat16 up or down at random, so that the mean is
    right: a step below half of the last digit would never be made if it were rounded to the nearest."""
    if into.dtype == torch.float32:
        into.copy_(values)
        return
    noise = torch.randint(_LOWER_HALF, values.shape, dtype=torch.int32, device=values.device)
    bits = noise.add_(values.contiguous().view(torch.int32)).bitwise_and_(-_LOWER_HALF)
    into.copy_(bits.view(torch.float32))
