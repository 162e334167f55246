"""The loop: batches, steps, epochs, checkpoints. Everything a task is, it knows from :class:`Task`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from manylabel.core.errors import DivergedError
from manylabel.core.progress import SILENT, Progress
from manylabel.train import distributed
from manylabel.train.averaging import Averaged
from manylabel.train.batches import batches_of, generator, steps_of
from manylabel.train.best import Best
from manylabel.train.checkpoint import load_checkpoint, random_state, restore_random_state, save_checkpoint
from manylabel.train.clipping import Clipping
from manylabel.train.config import TrainConfig
from manylabel.train.device import autocast, check_precision
from manylabel.train.interruption import deferred_interruption
from manylabel.train.optimisers import Optimisers, gradient_norm, scale_gradients
from manylabel.train.schedule import Schedule
from manylabel.train.task import Measured, Task

Record = Callable[[Mapping[str, Any]], None]
"""Takes one line of the history."""

_ORDER, _BATCH = 0, 1  # what random numbers are for


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        epochs: how many were trained.
        best: number of the one whose weights are kept, 1 for the first.
    """

    epochs: int
    best: int


def train(
    task: Task,
    config: TrainConfig,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
    epochs_before: int = 0,
    record: Record = lambda line: None,
    progress: Progress = SILENT,
) -> Trained:
    """Train a task where it is, and leave it with the weights that are kept.

    The result depends on task, configuration and seed alone: a training that was interrupted anywhere and goes on from
    its checkpoint ends, on a CPU, with the same bits.

    Args:
        task: on its device, parameters that shall not move without gradient.
        config: how.
        seed: of order, dropout and what the task leaves to chance.
        checkpoint: file that is written after every epoch, every so many seconds and on an interruption, and that is
            continued from if it is there; None keeps nothing. The caller removes it.
        epochs_before: of earlier stages, added to the numbers in the history.
        record: takes a line after every epoch, see :mod:`manylabel.runs.curves`.
        progress: counts documents.

    Raises:
        DivergedError: a loss or gradient is no finite number.
        ConfigError: a precision that the device has not.
        RunError: a checkpoint cannot be written or read.
        KeyboardInterrupt: interrupted; the checkpoint was written before.
    """
    loop = _Loop(task, config, seed, checkpoint)
    if checkpoint is not None and checkpoint.is_file():
        loop.restore(load_checkpoint(checkpoint))
        distributed.wait_for_all()  # the first process may replace the file only now
        progress.note(f"going on from epoch {loop.epoch + 1 + epochs_before}, step {loop.step}")
    else:
        torch.manual_seed(seed + distributed.rank())
    try:
        while loop.epoch < config.epochs and not loop.best.gives_up(loop.epoch):
            measured = loop.run_epoch(progress, epochs_before)
            with deferred_interruption():  # an epoch is told, judged and counted once
                line, better = loop.close_epoch(measured, epochs_before)
                if distributed.rank() == 0:
                    record(line)
                loop.save()
            progress.note(_told(line, better))
    except KeyboardInterrupt:
        loop.save()
        raise
    loop.finish()
    return Trained(loop.epoch, loop.best.epoch)


class _Loop:
    """A training in progress: all that a checkpoint holds."""

    def __init__(self, task: Task, config: TrainConfig, seed: int, checkpoint: Path | None) -> None:
        check_precision(config, task.device)
        self.task, self.config, self.seed, self.file = task, config, seed, checkpoint
        self.optimisers = Optimisers(task.groups(), config)
        wanted = {id(parameter) for parameter in self.optimisers.parameters}
        self.trained = {name: p for name, p in task.named_parameters() if id(p) in wanted} | dict(task.moved())
        self.schedule = Schedule(config)
        self.clipping = Clipping(config)
        self.averaged = None if config.average is None else Averaged(config.average, self.optimisers.parameters)
        self.best = Best(config.early_stopping, self.trained)
        self.scaler = torch.amp.GradScaler(task.device.type, enabled=config.fp16)
        engine = torch.compile(task, dynamic=True) if config.torch_compile else task
        rows = {id(parameter) for parameter in self.optimisers.sparse}
        of_rows = [name for name, parameter in task.named_parameters() if id(parameter) in rows]
        self.engine: Any = engine
        if not task.adds_up_itself:
            self.engine = distributed.synchronised(engine, task.device, of_rows)  # type: ignore[arg-type]
        self.epoch = self.step = self.steps_of_epoch = self.documents = 0
        self.loss = self.largest = self.norms = 0.0
        self._whole = True  # not in the middle of a step
        self._saved = time.monotonic()

    def run_epoch(self, progress: Progress, epochs_before: int) -> Measured:
        """Go on with the present epoch to its end, and measure."""
        config = self.config
        random = generator(self.seed, _ORDER, self.epoch)
        self.task.begin_epoch(self.epoch)
        rows, size = self.task.rows(random), config.batch_size
        batches = batches_of(rows, self.task.lengths(), size, random, by_length=config.group_by_length)
        steps = steps_of(batches, config.gradient_accumulation_steps * distributed.world_size())
        self.task.train()
        with progress.task(f"epoch {self.epoch + 1 + epochs_before}", len(rows)) as advance:
            for index, step in enumerate(steps):
                if index >= self.steps_of_epoch:
                    with deferred_interruption():
                        self._whole = False
                        self._take_step(step, index, len(steps))
                        self._whole = True
                    if time.monotonic() - self._saved > config.checkpoint_seconds:
                        self.save()
                advance(sum(map(len, step)))
        self.steps_of_epoch = len(steps)
        return self._measure()

    def close_epoch(self, measured: Measured, epochs_before: int) -> tuple[dict[str, Any], bool]:
        """Judge a measured epoch and begin the next; gives its line of the history, and whether it is the best."""
        number = self.epoch + 1
        better = self._judge(number, measured)
        line = {
            "stage": "epoch",
            "epoch": number + epochs_before,
            "step": self.step,
            "learning_rate": self.optimisers.learning_rate,
            "gradient_norm": self.norms / max(self.steps_of_epoch, 1),
            "train": {"loss": self.loss / max(self.documents, 1), "largest-loss": self.largest, **measured.train},
            "validation": measured.validation,
            "validation_documents": measured.validation_documents,
        }
        self.epoch, self.steps_of_epoch, self.documents = number, 0, 0
        self.loss = self.largest = self.norms = 0.0
        return line, better

    def _take_step(self, batches: list[np.ndarray], index: int, of: int) -> None:
        """Add up the gradients of some batches, and move the weights."""
        task, config, world = self.task, self.config, distributed.world_size()
        documents = sum(map(len, batches))
        before, after = ((self.epoch + steps / of) / config.epochs for steps in (index, index + 1))
        factor = self.schedule.factor(before, after)
        task.begin_step(factor)
        own = batches[distributed.rank() :: world]
        passes = -(-len(batches) // world)
        total = torch.zeros((), device=task.device)
        for number in range(passes):
            idle = number >= len(own)  # the others have one batch more: take part with no weight
            rows = batches[0] if idle else own[number]
            last = number + 1 == passes
            waits = nullcontext() if world == 1 or last or task.adds_up_itself else self.engine.no_sync()
            place = (self.epoch, index, number * world + distributed.rank())
            with waits:
                batch = task.collate(rows, generator(self.seed, _BATCH, *place)).to(task.device)
                with autocast(config, task.device):
                    losses = self.engine(batch)
                loss = losses.float().sum() * (0.0 if idle else 1.0)
                self.scaler.scale(loss * (world / documents)).backward()
            total += loss.detach()
        if task.adds_up_itself:
            distributed.average_dense(self.optimisers.dense)
        distributed.average_rows(self.optimisers.sparse)
        value = total.item() / max(sum(map(len, own)), 1)
        if not math.isfinite(value):
            raise self._diverged("loss", value, own)
        self._move(own, factor)
        self.step, self.steps_of_epoch = self.step + 1, index + 1
        self.documents += sum(map(len, own))
        self.loss += total.item()
        self.largest = max(self.largest, value)
        if self.averaged is not None:
            self.averaged.after_step(self.step, self.epoch + 1)

    def _move(self, batches: list[np.ndarray], factor: float) -> None:
        """Clip, move the weights, forget the gradients."""
        config, optimisers = self.config, self.optimisers
        optimisers.unscale(self.scaler)
        norm = gradient_norm(optimisers.parameters).item()
        if not math.isfinite(norm) and not config.fp16:
            raise self._diverged("gradient", norm, batches)
        if math.isfinite(norm):
            self.norms += norm
            limit = self.clipping.limit()
            if norm > limit:
                scale_gradients(optimisers.parameters, limit / norm)
            self.clipping.seen(norm)
        optimisers.step(factor, self.scaler)
        optimisers.zero_grad()

    def _measure(self) -> Measured:
        """By the first process, with the averaged weights where there are any."""
        averaged = nullcontext() if self.averaged is None else self.averaged.in_place()
        found = None
        if distributed.rank() == 0:
            self.task.eval()
            try:
                with averaged, torch.inference_mode():
                    found = self.task.measure()
            finally:
                self.task.train()
        if distributed.world_size() == 1:
            assert found is not None
            return found
        numbers = distributed.from_first(None if found is None else found.validation, self.task.device)
        return found or Measured(validation=numbers)

    def _judge(self, number: int, measured: Measured) -> bool:
        averaged = nullcontext() if self.averaged is None else self.averaged.in_place()
        with averaged:
            better = self.best.judge(number, measured)
        self.schedule.measured(better)
        return better

    def finish(self) -> None:
        """Leave the weights that are kept in place, in evaluation mode."""
        self.best.take_back()
        self.task.eval()

    def _diverged(self, what: str, value: float, batches: list[np.ndarray]) -> DivergedError:
        names = [name for rows in batches for name in self.task.names(rows)]
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} others" if len(names) > 5 else "")
        advice = ["a lower learning_rate or a longer warmup_ratio"]
        advice += ["bf16 or full precision in place of fp16"] if self.config.fp16 else []
        advice += ["a max_grad_norm of 1"] if self.config.max_grad_norm is None else []
        advice += self.task.advice()
        return DivergedError(
            f"the {what} is {value} in epoch {self.epoch + 1}, step {self.step + 1}, documents {shown}; try "
            f"{', or '.join(advice)}; look at the documents named if their texts or labels are odd"
        )

    def save(self) -> None:
        """Write the checkpoint, if one is wanted and this process writes."""
        self._saved = time.monotonic()
        if self.file is None or distributed.rank() != 0 or not self._whole:
            return
        counts = {name: getattr(self, name) for name in _COUNTS}
        save_checkpoint(
            self.file,
            {
                "counts": counts,
                "weights": dict(enumerate(self.trained.values())),
                "optimisers": self.optimisers.state(),
                "task": dict(self.task.state()),
                "schedule": self.schedule.state(),
                "clipping": self.clipping.state(),
                "averaged": {} if self.averaged is None else self.averaged.state(),
                "best": self.best.state(),
                "scaler": self.scaler.state_dict(),
                "random": random_state(),
            },
        )

    @torch.no_grad()
    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        for name, value in state["counts"].items():
            setattr(self, name, value)
        for number, parameter in enumerate(self.trained.values()):
            parameter.copy_(state["weights"][str(number)])
        self.optimisers.restore(state["optimisers"])
        for name, tensor in self.task.state().items():
            tensor.copy_(state["task"][name])
        self.schedule.restore(state["schedule"])
        self.clipping.restore(state["clipping"])
        if self.averaged is not None:
            self.averaged.restore(state["averaged"])
        self.best.restore(state["best"])
        self.scaler.load_state_dict(state["scaler"])
        restore_random_state(state["random"])


_COUNTS = ("epoch", "step", "steps_of_epoch", "documents", "loss", "largest", "norms")


def _told(line: Mapping[str, Any], better: bool) -> str:
    """An epoch in one line."""
    sides = []
    for side in ("train", "validation"):
        numbers = {name: value for name, value in line[side].items() if name != "largest-loss"}
        if numbers:
            sides.append(f"{side} " + ", ".join(f"{name} {_short(name, value)}" for name, value in numbers.items()))
    return f"epoch {line['epoch']}: " + "; ".join(sides) + ("; the best so far" if better else "")


def _short(name: str, value: float) -> str:
    return f"{value:.4g}" if name == "loss" else f"{100 * value:.1f}"
