"""Convolutions over tokens against torch's own, and the gradient of maxima against autograd's."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from manylabel.nn.convolution import convolve, strongest

DOCUMENTS, TOKENS, WIDTH, FILTERS = 4, 9, 6, 5


def plainly(vectors, layer, before):
    padded = functional.pad(vectors.transpose(1, 2), (before, layer.kernel_size[0] - 1 - before))
    return layer(padded).transpose(1, 2)


def make(size, *, bias=True, dtype=torch.float64):
    torch.manual_seed(size)
    layer = nn.Conv1d(WIDTH, FILTERS, size, bias=bias).to(dtype)
    vectors = torch.randn(DOCUMENTS, TOKENS, WIDTH, dtype=dtype, requires_grad=True)
    mask = torch.arange(TOKENS) < torch.tensor([9, 5, 1, 8])[:, None]
    return layer, vectors, mask


def gradients(outputs, layer, vectors):
    weight = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(1), dtype=outputs.dtype)
    return torch.autograd.grad((outputs * weight).sum(), [vectors, *layer.parameters()])


cases = pytest.mark.parametrize(("size", "before"), [(1, 0), (2, 0), (2, 1), (3, 1), (8, 3), (12, 0), (12, 11)])


@cases
def test_answers_and_gradients_are_those_of_torch(size, before):
    layer, vectors, _ = make(size)
    ours, theirs = convolve(vectors, layer, before), plainly(vectors, layer, before)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradients(ours, layer, vectors), gradients(theirs, layer, vectors))


@cases
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_maxima_and_their_gradients_are_those_of_all_answers(size, before, parts, bias):
    layer, vectors, mask = make(size, bias=bias)
    odd = mask & (torch.arange(TOKENS) % 2 == 0)
    chosen = [mask, odd, mask & (torch.arange(TOKENS) < 4)][:parts]
    answers = plainly(vectors, layer, before)
    theirs = torch.cat([answers.masked_fill(~part[:, :, None], -torch.inf).amax(dim=1) for part in chosen], dim=1)
    ours = torch.cat(strongest(vectors, layer, before, chosen), dim=1)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradients(ours, layer, vectors), gradients(theirs, layer, vectors))


def test_single_precision_is_as_exact_as_all_answers():
    layer, vectors, mask = make(8, dtype=torch.float32)
    theirs = plainly(vectors, layer, 3).masked_fill(~mask[:, :, None], -torch.inf).amax(dim=1)
    ours = strongest(vectors, layer, 3, [mask])[0]
    for one, other in zip(gradients(ours, layer, vectors), gradients(theirs, layer, vectors), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_frozen_filters_get_no_gradient_and_vectors_do():
    layer, vectors, mask = make(3)
    layer.requires_grad_(requires_grad=False)
    strongest(vectors, layer, 1, [mask])[0].sum().backward()
    assert layer.weight.grad is None
    assert vectors.grad is not None
    assert vectors.grad.abs().sum() > 0


def test_lower_precision_takes_the_other_way():
    layer, vectors, mask = make(3, dtype=torch.float32)
    exact = strongest(vectors, layer, 1, [mask])[0]
    with torch.autocast("cpu", torch.bfloat16):
        rough = strongest(vectors, layer, 1, [mask])[0]
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, rtol=0.05, atol=0.05)
    rough.float().sum().backward()
    assert layer.weight.grad is not None
