"""How the learning rate goes over a training, as a factor of its largest value."""

from __future__ import annotations

import math

from manylabel.train.config import TrainConfig


class Schedule:
    """The factor at a share of the training that is done; ``plateau`` also follows the measured epochs."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.reduced = 1.0
        self._waited = 0

    def factor(self, before: float, after: float) -> float:
        """The factor of a step, in (0, 1].

        It rises with what the step completes and falls with what lies before it, so that neither the first nor the
        last step is lost.

        Args:
            before: share of all steps that lie before this one, in [0, 1).
            after: the same with this one.
        """
        warmup = self.config.warmup_ratio
        if after < warmup:
            return after / warmup * self.reduced
        left = min(1.0, (1.0 - before) / (1.0 - warmup))
        kind = self.config.lr_scheduler_type
        if kind == "linear":
            return left
        if kind == "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * (1.0 - left)))
        return self.reduced

    def measured(self, better: bool) -> None:
        """An epoch was measured; under ``plateau`` the rate falls after too many that were no better."""
        if self.config.lr_scheduler_type != "plateau":
            return
        self._waited = 0 if better else self._waited + 1
        if self._waited > self.config.plateau_patience:
            self.reduced *= self.config.plateau_factor
            self._waited = 0

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"reduced": self.reduced, "waited": self._waited}

    def restore(self, state: dict[str, float]) -> None:
        """Continue from what :meth:`state` gave."""
        self.reduced, self._waited = float(state["reduced"]), int(state["waited"])
