"""How fast the parts of a network learn where the configuration leaves it open."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from manylabel.nn.encoders.base import Encoder
from manylabel.train.config import TrainConfig
from manylabel.train.task import ParameterGroup

PRETRAINED_RATE = 5e-5
FRESH_RATE = 1e-3


def head_rate(config: TrainConfig, encoder: Encoder) -> float:
    """The head's largest learning rate; see :attr:`TrainConfig.head_learning_rate`."""
    if config.head_learning_rate is not None:
        return config.head_learning_rate
    return max(encoder_rate(config, encoder), FRESH_RATE) if config.learning_rate is None else config.learning_rate


def encoder_rate(config: TrainConfig, encoder: Encoder) -> float:
    """The largest learning rate of the encoder's topmost layer."""
    default = PRETRAINED_RATE if encoder.pretrained else FRESH_RATE
    return default if config.learning_rate is None else config.learning_rate


def encoder_groups(layers: Sequence[nn.Module], config: TrainConfig, encoder: Encoder) -> list[ParameterGroup]:
    """Layers from the input upwards, each with its rate; see :attr:`TrainConfig.layer_decay`."""
    top = encoder_rate(config, encoder)
    return [
        ParameterGroup(layer, top * config.layer_decay ** (len(layers) - 1 - number))
        for number, layer in enumerate(layers)
    ]
