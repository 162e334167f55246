"""Label smoothing and R-Drop."""

from __future__ import annotations

import math

import pytest
import torch
from loss_cases import close
from torch.autograd import gradcheck

from manylabel.nn.losses.base import LabelCounts
from manylabel.nn.losses.label_smoothing import smooth
from manylabel.nn.losses.r_drop import r_drop


def test_negatives_share_what_positives_give_up_as_their_documents_do():
    targets = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    smoothed = smooth(targets, LabelCounts(torch.tensor([50.0, 30.0, 10.0, 0.0]), 100), 0.1)
    expected = [0.9, 0.1 * 30 / 41, 0.1 * 10 / 41, 0.1 * 1 / 41]
    assert smoothed[0].tolist() == pytest.approx(expected)


def test_ten_thousand_negatives_together_get_no_more_than_the_amount():
    targets = torch.zeros(3, 10_000)
    targets[0, 5] = 1.0
    targets[1, :20] = 1.0
    labels = LabelCounts(torch.arange(10_000).float(), 10_000)
    smoothed = smooth(targets, labels, 0.05)
    given = (smoothed * (targets == 0)).sum(dim=1)
    assert given.tolist() == pytest.approx([0.05, 0.05, 0.0], abs=1e-5)
    assert smoothed[targets == 1].tolist() == pytest.approx([0.95] * 21)
    assert (smoothed >= 0).all()
    assert (smoothed[:2].argmax(dim=1) == torch.tensor([5, 0])).all()


def test_off_is_exactly_off_and_the_input_stays():
    targets = torch.tensor([[1.0, 0.0], [0.3, 0.9]])
    before, labels = targets.clone(), LabelCounts(torch.tensor([3.0, 4.0]), 10)
    assert torch.equal(smooth(targets, labels, 0.0), before)
    smooth(targets, labels, 0.1)
    assert torch.equal(targets, before)


def test_rows_of_positives_alone_and_padding():
    labels = LabelCounts(torch.tensor([[3.0, 4.0, 5.0]] * 2), 10)
    targets = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    smoothed = smooth(targets, labels, 0.2, mask=mask)
    close(smoothed, torch.tensor([[0.8, 0.8, 0.8], [0.8, 0.2, 0.0]]))
    assert smooth(torch.zeros(2, 0), LabelCounts(torch.zeros(2, 0), 10), 0.2).shape == (2, 0)


@pytest.mark.parametrize("amount", [-0.1, 0.5, 1.0, float("nan")])
def test_amounts_out_of_range(amount):
    with pytest.raises(ValueError, match="label smoothing"):
        smooth(torch.zeros(1, 1), LabelCounts(torch.ones(1), 1), amount)


def divergence(p, q):
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def test_r_drop_is_the_symmetric_divergence():
    first = torch.tensor([[0.3, -2.0, 1.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
    second = torch.tensor([[0.1, -1.0, 2.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
    pairs = list(zip(first[0].sigmoid().tolist(), second[0].sigmoid().tolist(), strict=True))
    expected = sum((divergence(p, q) + divergence(q, p)) / 2 for p, q in pairs) / 3
    close(r_drop(first, second), torch.tensor([expected, 0.0], dtype=torch.float64), 1e-12)
    close(r_drop(second, first), r_drop(first, second), 0.0)
    assert gradcheck(r_drop, (first.requires_grad_(), second.requires_grad_()), atol=1e-6)


def test_r_drop_leaves_out_padding_and_stays_finite():
    first = torch.tensor([[1e4, float("nan")], [1.0, 1.0]], dtype=torch.bfloat16, requires_grad=True)
    second = torch.tensor([[-1e4, 2.0], [0.0, 1.0]], dtype=torch.bfloat16)
    mask = torch.tensor([[True, False], [True, True]])
    values = r_drop(first, second, mask=mask)
    assert values.dtype == torch.float32
    assert values.tolist() == pytest.approx([1e4, (0.731059 - 0.5) / 4], rel=1e-2)
    values.sum().backward()
    assert first.grad is not None
    assert first.grad.isfinite().all()
    assert first.grad[0, 1] == 0
    assert r_drop(torch.zeros(2, 0), torch.zeros(2, 0)).tolist() == [0.0, 0.0]
