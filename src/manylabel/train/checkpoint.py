"""Checkpoints: one safetensors file that holds all a training needs to go on, replaced whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from manylabel.core.errors import RunError

_STATE = "state"
_TENSOR = "tensor:"


def save_checkpoint(file: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint beside the old one, flush it, and put it in its place.

    Args:
        file: where it shall lie.
        state: nested dictionaries with keys that are strings or numbers, of tensors and what JSON knows.

    Raises:
        RunError: the disk refuses; the old checkpoint is as it was.
    """
    tensors: dict[str, Tensor] = {}
    plain = _take_apart(state, (), tensors)
    draft = file.with_suffix(".tmp")
    try:
        save_file(tensors, draft, metadata={_STATE: json.dumps(plain)})
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(file)
    except (OSError, SafetensorError) as error:
        draft.unlink(missing_ok=True)
        raise RunError(f"{file}: cannot be written: {getattr(error, 'strerror', None) or error}") from error


def load_checkpoint(file: Path) -> dict[str, Any]:
    """What :func:`save_checkpoint` wrote; all keys are strings, tensors are on the CPU.

    Raises:
        RunError: missing or damaged.
    """
    try:
        with safe_open(str(file), framework="pt") as content:
            plain = json.loads((content.metadata() or {})[_STATE])
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
        return _put_together(plain, tensors)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise RunError(f"{file}: is no checkpoint that can be read: {error}; start anew with --overwrite") from None


def _take_apart(value: Any, path: tuple[str, ...], tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _take_apart(inner, (*path, str(key)), tensors) for key, inner in value.items()}
    if isinstance(value, Tensor):
        name = "/".join(path)
        # A copy for tensors that share memory, which the format refuses, and for views.
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return f"{_TENSOR}{name}"
    return value


def _put_together(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, dict):
        return {key: _put_together(inner, tensors) for key, inner in value.items()}
    if isinstance(value, str) and value.startswith(_TENSOR):
        return tensors[value.removeprefix(_TENSOR)]
    return value


def random_state() -> dict[str, Tensor]:
    """Where torch's generators are, on the CPU and on every GPU."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"cuda{number}": state for number, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def restore_random_state(states: Mapping[str, Tensor]) -> None:
    """Put torch's generators back to where they were."""
    torch.set_rng_state(states["cpu"])
    for number in range(torch.cuda.device_count()):
        if f"cuda{number}" in states:
            torch.cuda.set_rng_state(states[f"cuda{number}"], number)
