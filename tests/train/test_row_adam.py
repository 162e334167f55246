"""Lazy Adam beside torch's own."""

import pytest
import torch

from manylabel.train.row_adam import RowAdam


def gradient(table, rows, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(len(rows), *table.shape[1:], generator=generator, dtype=table.dtype)
    indices = torch.tensor([rows], dtype=torch.int64)
    return torch.sparse_coo_tensor(indices, values, table.shape, check_invariants=True)


@pytest.mark.parametrize("shape", [(7, 5), (7,), (7, 2, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])  # by numba, and by operations of torch
def test_it_moves_as_torch_does(shape, dtype):
    start = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    one = RowAdam([{"params": [ours], "lr": 0.1}], betas=(0.8, 0.95), eps=1e-6)
    other = torch.optim.SparseAdam([theirs], lr=0.1, betas=(0.8, 0.95), eps=1e-6)
    for step, rows in enumerate([[0, 2, 3], [2, 6], [], [0, 2, 6], [3]]):
        for parameter, optimiser in ((ours, one), (theirs, other)):
            parameter.grad = gradient(parameter, rows, step)
            if parameter is theirs and not rows:  # torch has no step without rows: one of zeros changes only the count
                other.state[theirs]["step"] += 1
                continue
            optimiser.step()
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
    assert torch.equal(ours[[1, 4, 5]], start[[1, 4, 5]])


def test_it_goes_on_from_its_state():
    start = torch.randn(4, 3)
    parameters = [torch.nn.Parameter(start.clone()) for _ in range(2)]
    optimisers = [RowAdam([{"params": [one], "lr": 0.1}], betas=(0.9, 0.999), eps=1e-8) for one in parameters]
    for step in range(4):
        if step == 2:
            kept = optimisers[1].state_dict()
            parameters[1] = torch.nn.Parameter(parameters[1].detach().clone())
            optimisers[1] = RowAdam([{"params": [parameters[1]], "lr": 0.1}], betas=(0.9, 0.999), eps=1e-8)
            optimisers[1].load_state_dict(kept)
        for parameter, optimiser in zip(parameters, optimisers, strict=True):
            parameter.grad = gradient(parameter, [step % 4, 3] if step % 4 != 3 else [3], step)
            optimiser.step()
    assert torch.equal(*parameters)
