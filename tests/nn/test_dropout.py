"""Dropout of 16 random bits a number: the same as torch's, but for what is drawn."""

import pytest
import torch

from manylabel.nn.dropout import Dropout


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_the_share_is_dropped_and_made_up_for(share):
    torch.manual_seed(0)
    ones = torch.ones(301, 999)
    dropped = Dropout(share)(ones)
    found = (dropped == 0).double().mean().item()
    assert found == pytest.approx(share, abs=5 * (share * (1 - share) / ones.numel()) ** 0.5)
    kept = dropped[dropped != 0]
    assert torch.equal(kept, kept[:1].expand(len(kept)))
    assert kept[0].item() == pytest.approx(1 / (1 - share), rel=1e-3)


def test_neighbours_are_dropped_independently():
    """Four numbers share one draw of 64 bits."""
    torch.manual_seed(0)
    gone = (Dropout(0.5)(torch.ones(40_000, 4)) == 0).double()
    correlations = torch.corrcoef(gone.T) - torch.eye(4)
    assert correlations.abs().max() < 5 / 40_000**0.5


def test_gradients_pass_where_numbers_did():
    torch.manual_seed(0)
    values = torch.randn(7, 5, 3, requires_grad=True)
    dropped = Dropout(0.3)(values)
    dropped.sum().backward()
    assert torch.allclose(dropped, values * values.grad)
    assert 0 < (values.grad == 0).sum() < values.numel()


def test_the_seed_says_what_is_dropped():
    values = torch.ones(50, 3)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(Dropout(0.5)(values))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_numbers_keep_their_type(dtype):
    assert Dropout(0.2)(torch.ones(3, 3, dtype=dtype)).dtype == dtype


def test_nothing_and_everything():
    values = torch.randn(4, 4)
    assert Dropout(0.5).eval()(values) is values
    assert torch.equal(Dropout(0.0)(values), values)
    assert not Dropout(1.0)(values).any()
    assert Dropout(0.5)(torch.empty(0, 3)).shape == (0, 3)
