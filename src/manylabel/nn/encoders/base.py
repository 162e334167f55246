"""What every encoder is: texts to token numbers, token numbers to states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.nn.inputs import Batch, Inputs, States


@dataclass(frozen=True)
class Masking:
    """What masked tokens need to know of an encoder's token numbers.

    Attributes:
        mask: the number that stands for a masked token.
        size: how many numbers there are.
        special: numbers that are never masked.
    """

    mask: int
    size: int
    special: tuple[int, ...]


class Encoder(nn.Module, ABC):
    """Base of all encoders.

    An encoder is made from its section and knows nothing; :meth:`fit` or :meth:`restore` give it its vocabulary and
    its parameters. Parameters are float32, on the CPU until moved; random ones are drawn from torch's generator, which
    the caller seeds.

    Attributes:
        width: d, numbers of a token's state; known once fitted.
        pooled_width: p, numbers of the vector that :meth:`pool` makes.
        multiple: batches are padded to a multiple of this.
    """

    width: int
    pooled_width: int
    multiple: int = 1

    @property
    def device(self) -> torch.device:
        """Where its parameters are; the CPU for one that has none."""
        return next((parameter.device for parameter in self.parameters()), torch.device("cpu"))

    @property
    def pretrained(self) -> bool:
        """Whether its parameters begin at learned values, which large steps would spoil."""
        return False

    def reader(self) -> Encoder:
        """The encoder that reads tokens: this one, but where it puts another's states together."""
        return self

    def masking(self) -> Masking | None:
        """What a task that masks tokens needs to know; None where inputs are no token numbers."""
        return None

    @abstractmethod
    def fit(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Self:
        """Learn the vocabulary of the training texts, or open what the section names, and make the parameters.

        Raises:
            InputError: a file or folder is not there, or not what it should be.
            MissingExtraError: a package is not installed.
        """

    @abstractmethod
    def inputs(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Inputs:
        """What :meth:`forward` takes, for n texts; does not depend on parameters that are trained.

        A text without any known token has one token all the same. Texts longer than the section allows are cut, and
        the share of those is said once by a note of `progress`.
        """

    @abstractmethod
    def forward(self, batch: Batch) -> States:
        """States of all tokens; those of a document do not depend on the others of its batch.

        Without `pooled`, but where the pooled vector is made of more than these states (several layers of a
        transformer, windows whose tokens are the states): :meth:`pool` then gives that one.
        """

    @abstractmethod
    def pool(self, states: States) -> Tensor:
        """One vector for each document, floats ``[B, p]``."""

    def pooled(self, batch: Batch) -> States:
        """The vector of each document as `pooled`, for a head that reads nothing else.

        An encoder that can do without the states of tokens then gives none: `tokens` is ``[B, T, 0]``.
        """
        states = self(batch)
        return replace(states, pooled=self.pool(states))

    @abstractmethod
    def layers(self) -> list[nn.Module]:
        """The parts with parameters from the input upwards, e.g. embeddings, then each layer; together all of them.

        Lower parts are frozen and unfrozen, and learn more slowly, in this order.
        """

    @abstractmethod
    def write(self, writer: RunWriter) -> None:
        """Write vocabulary, tokenizer and sizes into a run: all but the parameters, which the model writes."""

    @abstractmethod
    def restore(self, run: RunDirectory) -> None:
        """Read what :meth:`write` wrote and make the parameters, whose values the model reads next.

        Raises:
            RunError, KeyError, ValueError: it is damaged.
        """


def mean_over_tokens(states: States) -> Tensor:
    """The mean state of the tokens, floats ``[B, d]``."""
    return states.tokens.sum(dim=1) / states.mask.sum(dim=1, keepdim=True).to(states.tokens.dtype)


def maximum_over_tokens(states: States) -> Tensor:
    """The largest value of each number over the tokens, floats ``[B, d]``."""
    return states.tokens.masked_fill(~states.mask[:, :, None], -float("inf")).amax(dim=1)


def number_of_parameters(module: nn.Module) -> int:
    """Numbers that can be trained."""
    return int(np.sum([parameter.numel() for parameter in module.parameters()], dtype=np.int64))
