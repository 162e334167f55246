"""Gradient caching gives the gradients of one pass, dropout and autocast included."""

import pytest
import torch
from torch import nn

from manylabel.nn.dropout import Dropout
from manylabel.train.gradient_cache import encode_in_chunks

CPU = torch.device("cpu")


def an_encoder(dropout, *, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), dropout, nn.Linear(16, 5)).double()


def gradients(model):
    return [parameter.grad.clone() for parameter in model.parameters()]


def step(model, chunks, targets):
    """Gradients of a loss that mixes all rows, and the vectors."""
    model.zero_grad()
    torch.manual_seed(7)
    vectors = encode_in_chunks(model, chunks, CPU)
    ((vectors @ vectors.T).logsumexp(dim=1).sum() + (vectors * targets).sum()).backward()
    return vectors.detach(), gradients(model)


@pytest.mark.parametrize("sizes", [[9], [4, 5], [3, 3, 3], [1, 1, 7]])
def test_chunks_give_the_gradients_of_a_whole(sizes):
    model = an_encoder(nn.Identity())
    rows, targets = torch.randn(9, 6, dtype=torch.float64), torch.randn(9, 5, dtype=torch.float64)
    vectors, found = step(model, rows.split(sizes), targets)
    model.zero_grad()
    whole = model(rows)
    ((whole @ whole.T).logsumexp(dim=1).sum() + (whole * targets).sum()).backward()
    torch.testing.assert_close(vectors, whole.detach())
    for one, other in zip(found, gradients(model), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dropout", [nn.Dropout(0.4), Dropout(0.4)])
def test_dropout_is_replayed(dropout):
    model = an_encoder(dropout)
    rows, targets = torch.randn(8, 6, dtype=torch.float64), torch.randn(8, 5, dtype=torch.float64)
    chunks = rows.split([3, 3, 2])
    vectors, found = step(model, chunks, targets)
    model.zero_grad()
    torch.manual_seed(7)
    whole = torch.cat([model(chunk) for chunk in chunks])  # the same draws, kept for gradients
    ((whole @ whole.T).logsumexp(dim=1).sum() + (whole * targets).sum()).backward()
    torch.testing.assert_close(vectors, whole.detach(), rtol=0, atol=0)
    for one, other in zip(found, gradients(model), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_random_numbers_outside_go_on_as_if_nothing_had_been_replayed():
    model = an_encoder(nn.Dropout(0.5))
    rows, targets = torch.randn(6, 6, dtype=torch.float64), torch.randn(6, 5, dtype=torch.float64)
    step(model, rows.split([3, 3]), targets)
    after = torch.rand(3)
    torch.manual_seed(7)
    for chunk in rows.split([3, 3]):
        model(chunk)
    torch.testing.assert_close(torch.rand(3), after, rtol=0, atol=0)


def test_autocast_is_replayed():
    model = an_encoder(nn.Identity()).float()
    rows = torch.randn(8, 6)
    seen = []
    model[0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        vectors = encode_in_chunks(model, rows.split([4, 4]), CPU)
    vectors.float().sum().backward()
    assert seen == [torch.bfloat16] * 4


def test_states_of_one_chunk_alone_are_kept_for_gradients():
    model = an_encoder(nn.Identity())
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.shape) or tensor, lambda t: t):
        encode_in_chunks(model, torch.randn(9, 6, dtype=torch.float64).split([3, 3, 3]), CPU)
    assert kept == []


def test_without_gradients_chunks_are_plainly_encoded():
    model = an_encoder(nn.Identity())
    with torch.no_grad():
        vectors = encode_in_chunks(model, torch.randn(4, 6, dtype=torch.float64).split([2, 2]), CPU)
    assert not vectors.requires_grad
    assert vectors.shape == (4, 5)
