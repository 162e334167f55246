"""Products of factors of half precision are those of the rounded numbers, added up in single precision."""

import pytest
import torch

from manylabel.nn.losses.decoupled_softmax import DecoupledSoftmax
from manylabel.nn.losses.tiles import Positives
from manylabel.train.products import add_product, factors_of, multiply
from manylabel.train.tiled import tiled_losses


def matrices(dtype, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(7, 300, generator=random).to(dtype), torch.randn(300, 5, generator=random).to(dtype)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_sums_are_at_least_of_single_precision(dtype):
    left, right = matrices(dtype)
    exact = left.double() @ right.double()
    found = multiply(left, right)
    assert found.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    torch.testing.assert_close(found.double(), exact, atol=1e-4, rtol=1e-5)
    into = torch.full_like(found, torch.nan)
    assert multiply(left, right, into=into) is into
    assert torch.equal(into, found)
    torch.testing.assert_close(add_product(torch.ones_like(found), left, right), found + 1, atol=1e-5, rtol=1e-5)


def losses(vectors, labels, **options):
    rows, columns = torch.tensor([0, 1, 1, 2, 3]), torch.tensor([0, 2, 5, 7, 30])
    positives = Positives(rows, columns, torch.ones(5), 4)
    return tiled_losses(vectors, labels, DecoupledSoftmax(), positives, tile_size=10, **options)


@pytest.mark.parametrize("of_labels", [torch.float32, torch.bfloat16])
def test_rounded_factors_give_the_losses_of_the_rounded_vectors(of_labels):
    random = torch.Generator().manual_seed(1)
    vectors, labels = torch.randn(4, 16, generator=random), torch.randn(33, 16, generator=random).to(of_labels)
    vectors.requires_grad_()
    labels.requires_grad_()
    found = losses(vectors, labels, factors=torch.bfloat16)
    assert found.dtype == torch.float32
    rounded = [part.detach().bfloat16().float().requires_grad_() for part in (vectors, labels)]
    exact = losses(*rounded)
    torch.testing.assert_close(found, exact, atol=1e-6, rtol=1e-6)
    assert not torch.allclose(found, losses(vectors, labels), atol=1e-6) or of_labels == torch.bfloat16
    found.sum().backward()
    exact.sum().backward()
    for own, other in zip((vectors, labels), rounded, strict=True):
        error = (own.grad.float() - other.grad).norm() / other.grad.norm()
        assert 0 < error < 0.01


def test_processors_keep_their_precision():
    assert factors_of(torch.device("cpu")) is None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert factors_of(torch.device("cpu")) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_gpu_multiplies_as_a_processor_does(dtype):
    left, right = matrices(dtype)
    torch.testing.assert_close(multiply(left.cuda(), right.cuda()).cpu(), multiply(left, right), atol=1e-3, rtol=1e-4)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert factors_of(torch.device("cuda")) == torch.bfloat16
