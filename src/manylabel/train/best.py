"""Which epoch was the best so far, its weights, and whether to go on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from manylabel.train.config import LOSS, EarlyStopping
from manylabel.train.task import Measured


class Best:
    """Keeps the weights of the best epoch.

    Args:
        config: by which metric, and how long to wait; None keeps the last epoch.
        parameters: what is trained, by name.
    """

    def __init__(self, config: EarlyStopping | None, parameters: Mapping[str, nn.Parameter]) -> None:
        self.config = config
        self._parameters = parameters
        self.epoch = 0
        self.value = -math.inf
        self.weights: dict[str, Tensor] = {}

    def judge(self, epoch: int, measured: Measured) -> bool:
        """Take an epoch in (with the weights as they stand now) if it is better than all before, and say so."""
        if self.config is None or not measured.validation:
            better = True
        else:
            found = measured.validation.get(self.config.metric, math.nan)
            value = -found if self.config.metric == LOSS else found
            better = value > self.value or self.epoch == 0
            self.value = value if better and not math.isnan(value) else self.value
        if better:
            self.epoch = epoch
            self.weights = {name: weight.detach().to("cpu", copy=True) for name, weight in self._parameters.items()}
        return better

    def gives_up(self, epoch: int) -> bool:
        """Whether patience is at its end after an epoch."""
        patience = None if self.config is None else self.config.patience
        return patience is not None and epoch - self.epoch >= patience

    @torch.no_grad()
    def take_back(self) -> None:
        """Put the weights of the best epoch in their place."""
        for name, weight in self.weights.items():
            self._parameters[name].copy_(weight)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        value = None if math.isinf(self.value) else self.value
        return {"epoch": self.epoch, "value": value, "weights": _numbered(self.weights)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from what :meth:`state` gave."""
        self.epoch = state["epoch"]
        self.value = -math.inf if state["value"] is None else state["value"]
        self.weights = dict(zip(self._parameters, state["weights"].values(), strict=False))


def _numbered(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {str(number): weight for number, weight in enumerate(weights.values())}
