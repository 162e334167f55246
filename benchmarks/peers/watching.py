"""When the stages and epochs of a training of manylabel begin and end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from level_times import LevelClock

from manylabel.core.progress import Advance, Silent
from manylabel.core.stages import Arrays, Stages


class Watch(Silent):
    """Notes when epochs begin and end, validation after them not included."""

    def __init__(self) -> None:
        self.epochs: list[tuple[float, float]] = []
        self._began: list[float] = []

    @property
    def began(self) -> float:
        """When the first epoch began."""
        return self._began[0]

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        """Count nothing; see :class:`Silent`."""
        epoch = description.startswith("epoch")
        if epoch:
            self._began.append(time.perf_counter())
        with super().task(description, total) as advance:
            yield advance
        if epoch:
            self.epochs.append((self._began[-1], time.perf_counter()))


class TimedStages(Stages):
    """Keeps no stage, but how long each took, and the epochs of each level.

    Args:
        watch: that the same training tells its progress.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.seconds: dict[str, float] = {}
        self.levels: dict[str, LevelClock] = {}
        self._watch = watch

    def run(self, name: str, compute: Callable[[], Arrays]) -> dict[str, np.ndarray]:
        """See :meth:`Stages.run`."""
        began = time.perf_counter()
        found = super().run(name, compute)
        self.seconds[name] = time.perf_counter() - began
        return found

    def record(self, line: Mapping[str, Any]) -> None:
        """Take an epoch's line as the sign that it was measured."""
        if line.get("stage") == "epoch":
            level = self.levels.setdefault(line.get("part", ""), LevelClock())
            level.epoch(*self._watch.epochs[-1], time.perf_counter())
