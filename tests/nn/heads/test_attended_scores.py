"""Scores made in pieces equal those of plain operations, values and gradients alike."""

import pytest
import torch

from manylabel.nn.heads import attended_scores as pieces
from manylabel.nn.heads.attended_scores import Queries, attended_scores
from manylabel.nn.heads.attention import attention
from manylabel.nn.heads.rows import distinct_rows
from manylabel.nn.inputs import States

LENGTHS = [3, 1, 7, 4]


def parts(dtype=torch.float64, labels=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(8) < torch.tensor(LENGTHS)[:, None]
    mask[2] = mask[2].flip(0)  # padding may stand anywhere
    made = [torch.randn(shape, generator=generator, dtype=dtype) for shape in ((4, 8, 5), (4, 8, 6), (6,), (labels, 5))]
    return mask, [one.requires_grad_() for one in made]


def plainly(mask, tokens, values, output, table, ids):
    queries = table if ids is None else table[ids.clamp(min=0)]
    states = States(tokens, mask)
    contexts = attention(states, queries) @ (values * mask[:, :, None])
    scores = contexts.relu() @ output
    return scores if ids is None else scores * (ids >= 0)


def shortlists(kind):
    if kind == "all":
        return None
    ids = torch.randint(0, 9, (4, 6), generator=torch.Generator().manual_seed(1))
    if kind == "padded":
        ids[ids == 0] = 1
        ids[0, 4:] = -1
        ids[1] = -1
        ids[3, 2] = -1
    return ids


@pytest.mark.parametrize("kind", ["all", "shortlist", "padded"])
@pytest.mark.parametrize("numbers", [1 << 18, 24, 12, 1])  # of 6 to a context: 9, 4, 2 or 1 labels at once
def test_values_and_gradients(kind, numbers, monkeypatch):
    monkeypatch.setattr(pieces, "_NUMBERS", numbers)
    mask, given = parts()
    ids = shortlists(kind)
    weights = torch.randn(4, 9 if ids is None else 6, dtype=torch.float64)
    expected = plainly(mask, *given, ids)
    gradients = torch.autograd.grad((expected * weights).sum(), given)
    tokens, values, output, table = given
    found = attended_scores(States(tokens, mask), values, Queries(table, ids, False), output)
    torch.testing.assert_close(found, expected)
    for one, other in zip(torch.autograd.grad((found * weights).sum(), given), gradients, strict=True):
        torch.testing.assert_close(one.double(), other, atol=1e-6, rtol=1e-5)


def test_a_sparse_gradient_has_the_rows_that_were_read():
    mask, (tokens, values, output, table) = parts(torch.float32)
    ids = shortlists("padded")
    attended_scores(States(tokens, mask), values, Queries(table, ids, True), output).sum().backward()
    assert table.grad.is_sparse
    assert table.grad._indices()[0].tolist() == sorted(set(ids[ids >= 0].tolist()))
    tokens.grad, sparse, table.grad = None, table.grad.to_dense(), None
    attended_scores(States(tokens, mask), values, Queries(table, ids, False), output).sum().backward()
    torch.testing.assert_close(sparse, table.grad)


def test_in_half_precision():
    mask, (tokens, values, output, table) = parts(torch.float32)
    exact = attended_scores(States(tokens, mask), values, Queries(table, None, False), output)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = attended_scores(States(tokens, mask), values, Queries(table, None, False), output)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), exact, atol=0.1, rtol=0.05)
    found.float().sum().backward()
    half = table.grad.clone()
    table.grad = None
    exact.sum().backward()
    torch.testing.assert_close(half, table.grad, atol=0.1, rtol=0.1)


def test_nothing_is_kept_where_nothing_is_trained():
    mask, (tokens, values, output, table) = parts(torch.float32)
    with torch.inference_mode():
        found = attended_scores(States(tokens, mask), values, Queries(table, None, False), output)
    torch.testing.assert_close(found, plainly(mask, tokens, values, output, table, None))
    assert not found.requires_grad


@pytest.mark.parametrize("n_rows", [7, 1000])  # by marks, and by sorting
def test_distinct_rows(n_rows):
    ids = torch.tensor([[3, 0, 3], [6, 5, 0]])
    rows, places = distinct_rows(ids, n_rows)
    assert rows.tolist() == [0, 3, 5, 6]
    assert torch.equal(rows[places], ids)
