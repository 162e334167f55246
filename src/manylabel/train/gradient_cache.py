"""More texts than an encoder can hold for gradients: encoded once without, and again, a few at a time, for these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Chunk = TypeVar("Chunk")


def encode_in_chunks(encode: Callable[[Chunk], Tensor], chunks: Sequence[Chunk], device: torch.device) -> Tensor:
    """Vectors of all chunks, one after the other, in the memory that a single chunk needs for its gradients.

    One chunk is encoded as it is. Of several none keeps what its gradients need: in the backward pass each is encoded
    once more, with the same dropout and under the same autocast, and its part of the gradient goes on from there. The
    parameters get the gradients that one pass over everything would give them.

    Source: Gao et al., Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup (RepL4NLP 2021).

    Args:
        encode: a chunk to floats ``[n, d]``; depends on parameters, the chunk, and torch's random numbers alone.
        chunks: at least one.
        device: where `encode` works.
    """
    if len(chunks) == 1 or not torch.is_grad_enabled():
        return torch.cat([encode(chunk) for chunk in chunks])
    anchor = torch.zeros((), device=device, requires_grad=True)  # or nothing would ask for a backward pass
    return _Replayed.apply(anchor, encode, chunks, device)  # type: ignore[return-value]


class _Replayed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, anchor: Tensor, encode: Any, chunks: Sequence[Any], device: torch.device) -> Tensor:
        del anchor
        ctx.encode, ctx.chunks, ctx.device = encode, chunks, device
        ctx.autocast = _autocast_of(device)
        ctx.states, vectors = [], []
        for chunk in chunks:
            ctx.states.append(_random_state(device))
            vectors.append(encode(chunk))
        return torch.cat(vectors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, ...]:  # type: ignore[override]
        (gradient,) = gradients
        at = 0
        devices = [ctx.device] if ctx.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.enable_grad():
            for chunk, state in zip(ctx.chunks, ctx.states, strict=True):
                _restore(state, ctx.device)
                with ctx.autocast():
                    vectors = ctx.encode(chunk)
                torch.autograd.backward(vectors, gradient[at : at + len(vectors)])
                at += len(vectors)
        return None, None, None, None


def _autocast_of(device: torch.device) -> Callable[[], AbstractContextManager[Any]]:
    """Makes the autocast that is on now: a backward pass on a GPU runs in a thread that knows nothing of it."""
    if not torch.is_autocast_enabled(device.type):
        return nullcontext
    dtype = torch.get_autocast_dtype(device.type)
    return lambda: torch.autocast(device.type, dtype)


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _restore(state: tuple[Tensor, Tensor | None], device: torch.device) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
