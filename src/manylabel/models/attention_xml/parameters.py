"""Parameters of the networks of a tree, for stages and files: what their encoders share lies there once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import nn

from manylabel.models.network.workshop import from_arrays, to_arrays
from manylabel.nn.encoders.base import Encoder


def shared_arrays(encoder: Encoder) -> dict[str, np.ndarray]:
    """What is not trained of the encoder that those of all levels began as, e.g. a table of pretrained word vectors."""
    still = {name for name, parameter in encoder.named_parameters() if not parameter.requires_grad}
    return {name: array for name, array in to_arrays(encoder).items() if name in still}


def own_arrays(module: nn.Module, encoder: Encoder) -> dict[str, np.ndarray]:
    """All parameters and buffers of a module by name but for those that it shares with the encoder."""
    shared = _shared_names(module, encoder)
    return {name: array for name, array in to_arrays(module).items() if name not in shared}


def take_arrays(module: nn.Module, encoder: Encoder, arrays: Mapping[str, np.ndarray]) -> None:
    """Put what :func:`own_arrays` gave into a module that shares parameters with the encoder.

    Raises:
        ValueError: names or shapes do not fit.
    """
    shared, all_of_it = _shared_names(module, encoder), to_arrays(module)
    from_arrays(module, {**{name: all_of_it[name] for name in shared}, **arrays})


def _shared_names(module: nn.Module, encoder: Encoder) -> set[str]:
    still = {id(parameter) for parameter in encoder.parameters() if not parameter.requires_grad}
    return {name for name, parameter in module.named_parameters(remove_duplicate=False) if id(parameter) in still}
