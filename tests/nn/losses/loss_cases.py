"""What must hold for every loss; also used on a loss that a test writes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.autograd import gradcheck

from manylabel.nn.losses.base import LabelCounts, Loss


@dataclass
class Example:
    scores: torch.Tensor
    targets: torch.Tensor
    labels: LabelCounts

    def loss(self, loss: Loss, scores: torch.Tensor | None = None, mask: torch.Tensor | None = None) -> torch.Tensor:
        return loss(self.scores if scores is None else scores, self.targets, labels=self.labels, mask=mask)


def example(*, seed: int = 0, documents: int = 5, n: int = 7, soft: bool = False) -> Example:
    """Scores in float64; the first document has no label and the second has all of them."""
    random = torch.Generator().manual_seed(seed)
    scores = torch.randn(documents, n, generator=random, dtype=torch.float64) * 2
    targets = (torch.rand(documents, n, generator=random) < 0.4).double()
    if documents > 2:
        targets[0], targets[1] = 0.0, 1.0
    if soft:
        targets = 0.1 + 0.7 * targets
    counts = torch.randint(1, 60, (n,), generator=random).double()
    return Example(scores, targets, LabelCounts(counts, 200))


def check_gradient(loss: Loss) -> None:
    for soft in (False, True):
        case = example(soft=soft)
        scores = case.scores.clone().requires_grad_()
        assert gradcheck(lambda z, case=case: case.loss(loss, z), (scores,), atol=1e-6)


def check_finite(loss: Loss) -> None:
    for precision in (torch.float32, torch.bfloat16):
        for counts in ([0.0, 0.0, 200.0, 200.0], [1.0, 5.0, 199.0, 30.0]):
            for targets in ([[0.0, 1.0, 0.0, 1.0]] * 2, [[0.0] * 4, [1.0] * 4], [[0.2, 0.5, 0.9, 0.0]] * 2):
                labels = LabelCounts(torch.tensor(counts), 200)
                for signs in ([[1.0, 1.0, 1.0, 1.0], [-1.0] * 4], [[1.0, -1.0, -1.0, 1.0], [-1.0, 1.0, 1.0, -1.0]]):
                    scores = (1e4 * torch.tensor(signs)).to(precision).requires_grad_()
                    values = loss(scores, torch.tensor(targets), labels=labels)
                    assert values.dtype == torch.float32
                    assert values.isfinite().all()
                    values.sum().backward()
                    assert scores.grad is not None
                    assert scores.grad.isfinite().all()


def check_perfect(loss: Loss) -> None:
    """Only documents with one label: the softmax of several cannot be perfect."""
    targets = torch.eye(6)
    labels = LabelCounts(torch.tensor([1.0, 5.0, 20.0, 3.0, 60.0, 90.0]), 200)
    right = loss(40 * (2 * targets - 1), targets, labels=labels)
    wrong = loss(-40 * (2 * targets - 1), targets, labels=labels)
    assert (right >= 0).all()
    assert right.max() <= 1e-6
    assert wrong.min() > 0.1


def check_orders(loss: Loss) -> None:
    case = example(seed=3)
    values = case.loss(loss)
    rows, columns = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([6, 0, 2, 5, 1, 4, 3])
    close(loss(case.scores[rows], case.targets[rows], labels=case.labels), values[rows])
    turned = LabelCounts(case.labels.counts[columns], 200)
    close(loss(case.scores[:, columns], case.targets[:, columns], labels=turned), values)


def check_documents_apart(loss: Loss) -> None:
    case = example(seed=4)
    values = case.loss(loss)
    for row in range(len(values)):
        own = slice(row, row + 1)
        close(loss(case.scores[own], case.targets[own], labels=case.labels), values[own])


def check_padding(loss: Loss) -> None:
    case = example(seed=5)
    columns = torch.tensor([0, 2, 3, 6])
    mask = torch.zeros(case.scores.shape, dtype=torch.bool)
    mask[:, columns] = True
    short = LabelCounts(case.labels.counts[columns], 200)
    expected = loss(case.scores[:, columns], case.targets[:, columns], labels=short)
    for filling in (0.0, 1e30, float("inf"), float("nan")):
        scores = case.scores.masked_fill(~mask, filling).requires_grad_()
        values = loss(scores, case.targets, labels=case.labels, mask=mask)
        close(values, expected)
        values.sum().backward()
        assert scores.grad is not None
        assert (scores.grad[~mask] == 0).all()
        assert scores.grad[mask].isfinite().all()


def check_shortlist(loss: Loss) -> None:
    case = example(seed=6)
    ids = torch.arange(7).expand(5, 7)
    values = loss(case.scores, case.targets, labels=case.labels.of(ids), mask=torch.ones(5, 7, dtype=torch.bool))
    close(values, case.loss(loss))


def check_odd_shapes(loss: Loss) -> None:
    nothing = torch.zeros(3, 0, requires_grad=True)
    values = loss(nothing, torch.zeros(3, 0), labels=LabelCounts(torch.zeros(3, 0), 9))
    assert values.tolist() == [0.0] * 3
    values.sum().backward()
    assert loss(torch.zeros(0, 4), torch.zeros(0, 4), labels=LabelCounts(torch.ones(4), 9)).shape == (0,)
    hidden = torch.randn(2, 4, requires_grad=True)
    labels, mask = LabelCounts(torch.ones(4), 9), torch.zeros(2, 4, dtype=torch.bool)
    values = loss(hidden, torch.ones(2, 4), labels=labels, mask=mask)
    assert values.tolist() == [0.0] * 2
    values.sum().backward()
    assert hidden.grad is not None
    assert (hidden.grad == 0).all()
    one = torch.tensor([[0.5], [-0.5]], requires_grad=True)
    values = loss(one, torch.tensor([[1.0], [0.0]]), labels=LabelCounts(torch.ones(1), 9))
    assert values.isfinite().all()
    values.sum().backward()
    assert one.grad is not None
    assert one.grad.isfinite().all()


def check_inputs_and_modes(loss: Loss) -> None:
    case = example(seed=7)
    before = [part.clone() for part in (case.scores, case.targets, case.labels.counts)]
    for enabled in (True, False):
        with torch.set_grad_enabled(enabled):
            case.loss(loss, mask=case.scores < 1)
            assert torch.is_grad_enabled() is enabled
    for old, new in zip(before, (case.scores, case.targets, case.labels.counts), strict=True):
        assert torch.equal(old, new)


CHECKS = [
    check_gradient,
    check_finite,
    check_perfect,
    check_orders,
    check_documents_apart,
    check_padding,
    check_shortlist,
    check_odd_shapes,
    check_inputs_and_modes,
]


def close(one: torch.Tensor, other: torch.Tensor, within: float = 1e-6) -> None:
    assert one.shape == other.shape
    assert (one - other).abs().max().item() <= within
