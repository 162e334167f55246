"""Many processes as ``torchrun`` starts them; alone, everything here does nothing."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Collection, Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from manylabel.core.processes import rank, world_size


def join() -> None:
    """Meet the other processes, on GPUs through NCCL, else through Gloo. Once; nothing to do for a process alone.

    They are left when the process ends, if not before.
    """
    if world_size() == 1 or dist.is_initialized():
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    atexit.register(leave)


def leave() -> None:
    """Part with the other processes; nothing to do where they were not met."""
    if dist.is_initialized():
        gc.collect()  # what still holds the group would end its threads too late, and abort the process
        dist.destroy_process_group()


def synchronised(module: nn.Module, device: torch.device, sparse: Collection[str] = ()) -> nn.Module:
    """The module with dense gradients averaged over all processes; the module itself where there is one only.

    Args:
        module: the same in all processes.
        device: where it is.
        sparse: names of parameters whose gradients hold single rows; :func:`average_rows` is for these. Left to torch
            (2.13), the dense gradients beside them can come out divided twice.
    """
    if world_size() == 1:
        return module
    devices = [device.index] if device.type == "cuda" else None
    wrapped = nn.parallel.DistributedDataParallel
    wrapped._set_params_and_buffers_to_ignore_for_model(module, list(sparse))
    for name in sparse:  # what is ignored is not sent from the first process to the others either
        dist.broadcast(module.get_parameter(name).data, 0)
    return wrapped(module, device_ids=devices)


def average_rows(parameters: Iterable[nn.Parameter]) -> None:
    """Average gradients that hold single rows over all processes.

    Args:
        parameters: the same in all processes; one without a gradient here counts as zero.
    """
    if world_size() == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:
            nothing = torch.zeros((1, 0), dtype=torch.int64, device=parameter.device)
            own = torch.sparse_coo_tensor(nothing, parameter.new_zeros(0, *parameter.shape[1:]), parameter.shape)
        else:
            own = parameter.grad
        own = own.coalesce()
        sizes = [torch.zeros(1, dtype=torch.int64, device=parameter.device) for _ in range(world_size())]
        dist.all_gather(sizes, torch.tensor([own.values().shape[0]], device=parameter.device))
        most = max(int(size) for size in sizes)
        rows = from_all(own.indices()[0], most)
        values = from_all(own.values(), most)
        kept = [slice(0, int(size)) for size in sizes]
        indices = torch.cat([one[part] for one, part in zip(rows, kept, strict=True)])
        together = torch.cat([one[part] for one, part in zip(values, kept, strict=True)]) / world_size()
        parameter.grad = torch.sparse_coo_tensor(indices[None], together, parameter.shape).coalesce()


def average_dense(parameters: Iterable[nn.Parameter]) -> None:
    """Average gradients over all processes, all of them in one message.

    Args:
        parameters: the same in all processes; one without a gradient here counts as zero.
    """
    each = [] if world_size() == 1 else list(parameters)
    if not each:
        return
    flat = torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in each])
    dist.all_reduce(flat)
    flat /= world_size()
    for parameter, part in zip(each, flat.split([p.numel() for p in each]), strict=True):
        parameter.grad = part.view_as(parameter)


def from_all(own: Tensor, length: int) -> list[Tensor]:
    """A tensor of every process, padded to one length.

    Args:
        own: ``[n, ...]``, n at most `length`.
        length: the same in all processes.
    """
    padded = own.new_zeros(length, *own.shape[1:])
    padded[: len(own)] = own
    found = [torch.zeros_like(padded) for _ in range(world_size())]
    dist.all_gather(found, padded)
    return found


def from_first(numbers: dict[str, float] | None, device: torch.device) -> dict[str, float]:
    """Numbers that the first process has, given to all; the names are sent with them.

    Args:
        numbers: on the first process; elsewhere of no consequence.
        device: on which the processes talk.
    """
    if world_size() == 1:
        return numbers or {}
    names = "\n".join(numbers or {}).encode() if rank() == 0 else b""
    length = torch.tensor([len(names)], device=device)
    dist.broadcast(length, 0)
    text = torch.zeros(int(length), dtype=torch.uint8, device=device)
    if rank() == 0:
        text.copy_(torch.frombuffer(bytearray(names), dtype=torch.uint8) if names else text)
    dist.broadcast(text, 0)
    keys = bytes(text.tolist()).decode().split("\n") if len(text) else []
    values = torch.zeros(len(keys), dtype=torch.float64, device=device)
    if rank() == 0 and numbers:
        values.copy_(torch.tensor(list(numbers.values()), dtype=torch.float64))
    dist.broadcast(values, 0)
    return dict(zip(keys, values.tolist(), strict=True))


def wait_for_all() -> None:
    """Go on when every process is here."""
    if world_size() > 1:
        dist.barrier()
