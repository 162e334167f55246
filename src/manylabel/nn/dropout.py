"""Dropout that is quick on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_PARTS = 1 << 16


class Dropout(nn.Dropout):
    """Sets numbers to zero at random in training and makes up for it in the others, as :class:`torch.nn.Dropout`.

    On a CPU torch draws 64 random bits for every number, which takes longer than much of what dropout stands between.
    Here 16 decide: the share that is dropped is the nearest multiple of 2^-16. Draws come from torch's generator.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch has for it
        """Values of any shape, some of them zero."""
        dropped = round(self.p * _PARTS)
        plain = input.device.type != "cpu" or torch.compiler.is_compiling()
        if not self.training or plain or not 0 < dropped < _PARTS:
            return super().forward(input)
        words = torch.empty(-(-input.numel() // 4), dtype=torch.int64).random_(-(1 << 63), None)
        draws = words.view(torch.int16)[: input.numel()].view(input.shape)
        kept = _PARTS / (_PARTS - dropped)
        return input * (draws >= dropped - _PARTS // 2).to(input.dtype).mul_(kept)
