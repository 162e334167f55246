"""Where a network is computed, and how precisely."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from manylabel.core.errors import ConfigError
from manylabel.train.config import TrainConfig


def choose_device(wanted: str) -> torch.device:
    """The device of a name: ``auto`` is a GPU where there is one, under ``torchrun`` that of the process.

    Raises:
        ConfigError: a GPU is asked for, and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("model.train.device: cuda is asked for, but torch finds no GPU here; set auto or cpu")
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


def check_precision(config: TrainConfig, device: torch.device) -> None:
    """Refuse half precision where the device has none.

    Raises:
        ConfigError: and which setting would do.
    """
    if config.fp16 and device.type != "cuda":
        raise ConfigError(f"model.train.fp16 needs a GPU, this training is on the {device.type}; set bf16 or neither")
    if config.bf16 and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise ConfigError("model.train.bf16: this GPU has no bfloat16; set fp16")


def autocast(config: TrainConfig, device: torch.device) -> AbstractContextManager[object]:
    """The context in which forward passes run."""
    if not (config.bf16 or config.fp16):
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16 if config.bf16 else torch.float16)
