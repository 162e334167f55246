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

    def factor(self, done: float) -> float:
        """The factor in (0, 1] (0 at the very end of ``linear`` and ``cosine``).

        Args:
            done: share of all steps that lie behind, counting the present one as done, in (0, 1].
        """
        warmup = self.config.warmup_ratio
        if done < warmup:
            return done / warmup * self.reduced
        left = (1.0 - done) / (1.0 - warmup)
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
