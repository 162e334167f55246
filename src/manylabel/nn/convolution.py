"""Convolutions over tokens, laid out so that a CPU is quick, and the strongest answers of their filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


def convolve(vectors: Tensor, convolution: nn.Conv1d, before: int) -> Tensor:
    """What filters answer at each token, with zeros beyond both ends.

    The numbers of a token stay side by side (channels last): on a CPU two thirds of the time of a convolution that is
    given them token by token, as `torch.nn.Conv1d` wants it.

    Args:
        vectors: floats ``[B, T, d]``.
        convolution: over w tokens.
        before: tokens before its own that a filter sees, at most ``w - 1``; it sees ``w - 1 - before`` behind.

    Returns:
        Floats ``[B, T, filters]``.
    """
    return _answers(_padded(vectors, convolution, before), convolution.weight, convolution.bias)


def strongest(vectors: Tensor, convolution: nn.Conv1d, before: int, parts: Sequence[Tensor]) -> list[Tensor]:
    """The largest answer of each filter over some parts of the documents.

    On a CPU the gradient is worked out for the windows that won alone: of the T tokens of a document each filter has
    one. Of answers that are equal the first wins.

    Args:
        vectors: floats ``[B, T, d]``.
        convolution: over w tokens.
        before: as in :func:`convolve`.
        parts: each bool ``[B, T]``, with at least one token of every document.

    Returns:
        For each part floats ``[B, filters]``.
    """
    padded = _padded(vectors, convolution, before)
    plain = padded.device.type == "cpu" and not torch.is_autocast_enabled("cpu") and not torch.compiler.is_compiling()
    if plain and padded.dtype in (torch.float32, torch.float64):
        return list(_Strongest.apply(padded, convolution.weight, convolution.bias, *parts))
    answers = _answers(padded, convolution.weight, convolution.bias)
    return [answers.masked_fill(~part[:, :, None], -torch.inf).amax(dim=1) for part in parts]


def _padded(vectors: Tensor, convolution: nn.Conv1d, before: int) -> Tensor:
    return functional.pad(vectors, (0, 0, before, convolution.kernel_size[0] - 1 - before))


def _answers(padded: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    image = padded.transpose(1, 2).unsqueeze(2)
    filters = weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    return functional.conv2d(image, filters, bias).squeeze(2).transpose(1, 2)


class _Strongest(torch.autograd.Function):
    """Answers, their maxima over parts, and a gradient of as many windows as there are maxima."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, weight: Tensor, bias: Tensor | None, *parts: Tensor) -> tuple[Tensor, ...]:
        answers = _answers(padded, weight, bias)
        found, places = [], []
        for number, part in enumerate(parts):
            value, place = _largest(answers if number + 1 == len(parts) else answers.clone(), part)
            found.append(value)
            places.append(place)
        ctx.save_for_backward(padded, weight, *places)
        return tuple(found)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        padded, weight, *places = ctx.saved_tensors
        filters, width, size = weight.shape
        winners = _winners(gradients, places, size, padded.shape)
        vectors = padded.reshape(-1, width).numpy()
        to_weight = to_padded = to_bias = None
        if ctx.needs_input_grad[1]:
            to_weight = torch.from_numpy(winners @ vectors).view(filters, size, width).transpose(1, 2)
        if ctx.needs_input_grad[0]:
            rows = weight.transpose(1, 2).reshape(-1, width).numpy()
            to_padded = torch.from_numpy(winners.T @ rows).view(padded.shape)
        if ctx.needs_input_grad[2]:
            to_bias = torch.stack([one.sum(dim=0) for one in gradients]).sum(dim=0)
        return to_padded, to_weight, to_bias, *[None] * len(places)


def _largest(answers: Tensor, part: Tensor) -> tuple[Tensor, Tensor]:
    """The largest answer ``[B, filters]`` of each filter over a part, and its token; all others are overwritten."""
    answers[~part] = -torch.inf
    image = answers.transpose(1, 2).unsqueeze(2)
    value, place = functional.max_pool2d(image, (1, answers.shape[1]), return_indices=True)
    return value.flatten(1), place.flatten(1)


def _winners(
    gradients: Sequence[Tensor], places: Sequence[Tensor], size: int, shape: tuple[int, int, int]
) -> csr_matrix:
    """Gradients by what made them: rows (filter, position in the window), columns (document, place in it)."""
    documents, tokens, _ = shape
    # First parts, then documents, so that rows are of one length: [filters, w, parts x B].
    begins = torch.cat([torch.arange(documents)[:, None] * tokens + place for place in places]).T
    columns = begins[:, None, :] + torch.arange(size)[None, :, None]
    values = torch.cat(list(gradients)).T[:, None, :].expand(columns.shape)
    bounds = np.arange(0, columns.numel() + 1, columns.shape[2], dtype=np.int64)
    return csr_matrix(
        (values.reshape(-1).numpy(), columns.reshape(-1).numpy(), bounds),
        shape=(columns.shape[0] * size, documents * tokens),
    )
