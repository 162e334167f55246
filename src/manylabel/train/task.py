"""What the loop trains: something that has documents, a loss and metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Measured:
    """What was measured after an epoch, as fractions by name; ``loss`` where it is known.

    Attributes:
        train: on training documents as they are.
        validation: on documents that are not trained on; empty where there are none.
        validation_documents: how many these are.
    """

    train: dict[str, float] = field(default_factory=dict)
    validation: dict[str, float] = field(default_factory=dict)
    validation_documents: int = 0


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that learn at one rate.

    Attributes:
        module: whose parameters.
        learning_rate: the largest.
    """

    module: nn.Module
    learning_rate: float


class Task(nn.Module, ABC):
    """Base of all tasks: a module whose call is the loss of a batch. All its randomness besides dropout comes from the
    generator that it is given, so that a resumed training repeats it.

    Attributes:
        adds_up_itself: whether its backward pass gives parameters their gradients piece by piece, so that processes
            exchange them once at the end of a step, not as they come.
    """

    adds_up_itself: ClassVar[bool] = False

    def begin_epoch(self, epoch: int) -> None:
        """Get ready for an epoch, 0 for the first; called anew when a training goes on in the middle of one.

        What it makes has to be the same then, though the weights are not.
        """
        del epoch

    def begin_step(self, factor: float) -> None:
        """Get ready for a step, which moves weights at so much of their largest rates; before its first batch."""
        del factor

    @abstractmethod
    def rows(self, random: np.random.Generator) -> np.ndarray:
        """The documents of one epoch in the order of training, int64; repeats are allowed."""

    @abstractmethod
    def lengths(self) -> np.ndarray:
        """Tokens of every document, int64: what batches of like length are made by."""

    @abstractmethod
    def collate(self, rows: np.ndarray, random: np.random.Generator) -> Any:
        """The batch of some documents, for :meth:`forward`, with a method ``to(device)``."""

    @abstractmethod
    def forward(self, batch: Any) -> Tensor:
        """The loss of each document ``[B]``."""

    @abstractmethod
    def measure(self) -> Measured:
        """Metrics on both parts, with the weights as they are, in evaluation mode."""

    @abstractmethod
    def groups(self) -> Sequence[ParameterGroup]:
        """All parameters that are to be trained, each in one group; those without gradient are left out."""

    def moved(self) -> Mapping[str, nn.Parameter]:
        """Parameters that the backward pass moves itself, which are in no group, by the names that they have here."""
        return {}

    def state(self) -> Mapping[str, Tensor]:
        """What else steps change, by name: a checkpoint keeps it, and what it kept is written into these tensors."""
        return {}

    def names(self, rows: np.ndarray) -> list[str]:
        """What the documents are called in messages."""
        return [str(row) for row in rows.tolist()]

    def advice(self) -> list[str]:
        """What to change in the task's own settings when its loss is no finite number any more."""
        return []

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device
