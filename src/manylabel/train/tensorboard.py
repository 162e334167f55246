"""Epochs as TensorBoard shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manylabel.core.errors import ConfigError, MissingExtraError
from manylabel.train.config import TrainConfig
from manylabel.train.loop import Record


def recorder(record: Record, config: TrainConfig) -> Record:
    """Where epochs are told: the history, and TensorBoard where it is asked for."""
    return record if config.tensorboard is None else also_to_tensorboard(config.tensorboard, record)


def also_to_tensorboard(folder: str, record: Record) -> Record:
    """A record that also writes every number of an epoch into a folder of TensorBoard.

    Numbers are called ``train/micro-F1``, ``validation/loss`` and the like, over epochs.

    Args:
        folder: where TensorBoard is told to look; is made.
        record: what takes the lines besides.

    Raises:
        MissingExtraError: the package tensorboard is not installed.
        ConfigError: the folder cannot be written.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError("tensorboard", "tensorboard", "train.tensorboard") from None
    try:
        writer = SummaryWriter(folder)
    except OSError as error:
        raise ConfigError(f"train.tensorboard: {folder} cannot be written: {error.strerror or error}") from None

    def both(line: Mapping[str, Any]) -> None:
        for name, value in _numbers(line):
            writer.add_scalar(name, value, line["epoch"])
        writer.flush()
        record(line)

    return both


def _numbers(line: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The numbers of a line with names, those of its sides as ``side/name``."""
    found = [(name, float(line[name])) for name in ("learning_rate", "gradient_norm")]
    return found + [
        (f"{side}/{name}", float(value)) for side in ("train", "validation") for name, value in line[side].items()
    ]
