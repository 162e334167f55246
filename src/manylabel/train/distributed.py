"""Many processes as ``torchrun`` starts them; alone, everything here does nothing."""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import nn


def world_size() -> int:
    """Number of processes that train together."""
    return dist.get_world_size() if dist.is_initialized() else int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this process; 0 writes files and measures."""
    return dist.get_rank() if dist.is_initialized() else int(os.environ.get("RANK", "0"))


def join() -> None:
    """Meet the other processes, on GPUs through NCCL, else through Gloo. Once; nothing to do for a process alone."""
    if world_size() == 1 or dist.is_initialized():
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def synchronised(module: nn.Module, device: torch.device) -> nn.Module:
    """The module with gradients averaged over all processes; the module itself where there is one only."""
    if world_size() == 1:
        return module
    devices = [device.index] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(module, device_ids=devices)


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
