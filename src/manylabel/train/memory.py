"""What a batch takes of the memory, found out on one and two documents instead of on the full batch."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.weak import WeakIdKeyDictionary

from manylabel.core.capacity import available_memory, format_bytes
from manylabel.core.errors import CapacityError
from manylabel.train.config import TrainConfig
from manylabel.train.device import autocast
from manylabel.train.task import Task

_BESIDES_SAVED = 1.5
"""Peak of a step, in terms of what is saved for the backward pass: gradients of states come on top of it."""
_STATE_BYTES = 16
"""Of a trained number: its gradient, two moments, and the best value so far; the number itself is there already."""


class _LiveTensors(TorchDispatchMode):
    """Counts the bytes of tensors that operations inside make.

    Attributes:
        now: of those that are still there.
        most: the most that there were at a time; what operations use inside themselves is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch: the operation itself, and a look at what it made."""
        del types
        tree_map_only(Tensor, partial(self._meet, made=False), (args, kwargs))  # what views are taken of is not new
        found = func(*args, **(kwargs or {}))
        tree_map_only(Tensor, partial(self._meet, made=True), found)
        return found

    def _meet(self, tensor: Tensor, *, made: bool) -> None:
        if tensor.layout != torch.strided:
            return
        storage = tensor.untyped_storage()
        if storage in self._known:
            return
        self._known[storage] = True
        if made:
            size = storage.nbytes()
            weakref.finalize(storage, self._gone, size)
            self.now += size
            self.most = max(self.most, self.now)

    def _gone(self, size: int) -> None:
        self.now -= size


def pass_bytes(task: Task, batch: Any, config: TrainConfig) -> float:
    """Bytes that a forward and a backward pass take beside parameters.

    Most networks need the most in the backward pass, for what is saved for it; those that save little of what they
    compute, such as convolutions of which the strongest answers alone are kept, need it in the forward pass.
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in task.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if not tensor.is_sparse:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    learns = task.training
    task.train()
    saving = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with _LiveTensors() as live, saving, autocast(config, task.device):
        loss = task(batch)
    saved = sum(kept.values())
    del loss
    task.train(learns)
    return max(_BESIDES_SAVED * saved, live.most)


def step_bytes(task: Task, config: TrainConfig) -> tuple[float, float]:
    """What a step takes beside weights and data: a fixed part, and that of each document, if all are as long as the
    longest."""
    longest = np.argsort(-task.lengths(), kind="stable")[:2]
    random = np.random.default_rng(0)
    sizes = [pass_bytes(task, task.collate(longest[:n], random).to(task.device), config) for n in (1, 2)]
    each = max(sizes[-1] - sizes[0], 1) if len(longest) > 1 else sizes[0]
    return max(sizes[0] - each, 0), each


def state_bytes(task: Task) -> int:
    """What gradients, moments and the best weights take, beside the weights."""
    moved = sum(table.nbytes for table in [*task.moved().values(), *task.state().values()])
    return sum(p.numel() for p in task.parameters() if p.requires_grad) * _STATE_BYTES + moved


def check_batch(task: Task, config: TrainConfig) -> None:
    """Make sure that a batch of the longest documents fits.

    Raises:
        CapacityError: it does not; names the largest batch that does.
    """
    fixed, each = step_bytes(task, config)
    free = torch.cuda.mem_get_info(task.device)[0] if task.device.type == "cuda" else available_memory()
    room = free - state_bytes(task) - fixed
    size = min(config.batch_size, len(task.lengths()))
    if size * each <= room:
        return
    largest = int(room // each)
    tokens = int(task.lengths().max())
    if largest < 1:
        raise CapacityError(
            f"not even one document of {tokens} tokens fits into {format_bytes(free)} of memory; shorten max_length, "
            "or take a smaller network or fewer labels at once (negatives)"
        )
    raise CapacityError(
        f"a batch of {size} documents of {tokens} tokens needs {format_bytes(fixed + size * each)}, and "
        f"{format_bytes(max(room + fixed, 0))} are free; the largest that fits is {largest}: set "
        f"model.train.batch_size={largest} and gradient_accumulation_steps={-(-config.batch_size // largest)}"
    )
