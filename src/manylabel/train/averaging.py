"""Means of the weights of many steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from manylabel.train.config import Averaging


class Averaged:
    """Keeps the mean of some parameters.

    ``ema`` follows ``m <- d m + (1 - d) w`` with ``d = min(decay, (1 + t) / (10 + t))`` after t steps, so that the
    random start is soon forgotten; ``swa`` is the plain mean (Izmailov et al. 2018, algorithm 1).
    """

    def __init__(self, config: Averaging, parameters: list[nn.Parameter]) -> None:
        self.config = config
        self._parameters = parameters
        self._means = [parameter.detach().clone() for parameter in parameters]
        self._taken = 0

    @torch.no_grad()
    def after_step(self, step: int, epoch: int) -> None:
        """Take the weights in, where it is time.

        Args:
            step: 1 for the first of the training.
            epoch: 1 for the first.
        """
        if self.config.kind == "swa" and (epoch < self.config.start_epoch or step % self.config.every):
            return
        self._taken += 1
        share = 1.0 / self._taken
        if self.config.kind == "ema":
            share = 1.0 - min(self.config.decay, (1.0 + self._taken) / (10.0 + self._taken))
        for mean, parameter in zip(self._means, self._parameters, strict=True):
            mean.lerp_(parameter, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The means stand in place of the weights inside the context; nothing changes before a first one is taken."""
        if self._taken == 0:
            yield
            return
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        return {"taken": torch.tensor(self._taken), **{str(i): mean for i, mean in enumerate(self._means)}}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continue from what :meth:`state` gave."""
        self._taken = int(state["taken"])
        for number, mean in enumerate(self._means):
            mean.copy_(state[str(number)])

    @torch.no_grad()
    def _swap(self) -> None:
        for mean, parameter in zip(self._means, self._parameters, strict=True):
            kept = parameter.clone()
            parameter.copy_(mean)
            mean.copy_(kept)
