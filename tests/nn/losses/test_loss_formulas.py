"""Every loss against its paper's formula, written out one element at a time."""

from __future__ import annotations

import math

import naive_losses as naive
import numpy as np
import pytest
import torch
from loss_cases import close, example

from manylabel.core.table import section_of
from manylabel.metrics import propensity
from manylabel.nn.losses import LOSSES, elements
from manylabel.nn.losses import pairs as pairs_module
from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts, Loss
from manylabel.nn.losses.class_balanced import ClassBalanced
from manylabel.nn.losses.elements import focal_side
from manylabel.nn.losses.frequency import inverse_propensities, log_odds
from manylabel.nn.losses.tiles import Positives

SCORES = [[1.5, -0.3, 0.2, -2.0], [-1.0, 0.7, 3.0, 0.0], [0.4, -4.0, 2.5, 1.0]]
TARGETS = [[1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]]
COUNTS, TOTAL = [40, 3, 10, 1], 50


def made(kind: str, **constants) -> Loss:
    loss = section_of({"kind": kind, **constants}, LOSSES)
    assert isinstance(loss, Loss)
    return loss


def values(loss: Loss, scores=SCORES, targets=TARGETS) -> list[float]:
    labels = LabelCounts(torch.tensor(COUNTS), TOTAL)
    wide = {"dtype": torch.float64}
    return loss(torch.tensor(scores, **wide), torch.tensor(targets, **wide), labels=labels).tolist()


def weighted(z, y, row, n, weight):
    return (weight if y else 1) * naive.bce(z, y)


def row_weight(row, reduce):
    return reduce([naive.class_weight(n, 0.9) for n, y in zip(COUNTS, row, strict=True) if y])


def mean(values):
    return sum(values) / len(values)


def cb(z, y, row, label):
    return 10 * naive.class_weight(COUNTS[label], 0.9) * naive.focal(z, y, 2, 0.5)


def db(z, y, row, label):
    weight = naive.rebalancing(COUNTS, row, label, 0.1, 10, 0.9)
    return weight * naive.tolerant(z, y, COUNTS[label], TOTAL, 0.05, 2, 2, 0.5)


def jain(n):
    c = (math.log(TOTAL) - 1) * 2.5**0.55
    return 1 + c * math.exp(-0.55 * math.log(n + 1.5))


ELEMENTS = {
    "bce": ({}, lambda z, y, row, i: naive.bce(z, y)),
    "inverse": (
        {"kind": "weighted-bce", "scheme": "inverse", "cap": None},
        lambda z, y, row, i: weighted(z, y, row, i, (TOTAL - COUNTS[i]) / COUNTS[i]),
    ),
    "inverse, capped": (
        {"kind": "weighted-bce", "scheme": "inverse", "cap": 10},
        lambda z, y, row, i: weighted(z, y, row, i, min(10, (TOTAL - COUNTS[i]) / COUNTS[i])),
    ),
    "square root": (
        {"kind": "weighted-bce"},
        lambda z, y, row, i: weighted(z, y, row, i, math.sqrt((TOTAL - COUNTS[i]) / COUNTS[i])),
    ),
    "logarithm": (
        {"kind": "weighted-bce", "scheme": "log"},
        lambda z, y, row, i: weighted(z, y, row, i, math.log(1 + TOTAL / COUNTS[i])),
    ),
    "focal": ({"kind": "focal"}, lambda z, y, row, i: naive.focal(z, y, 2)),
    "focal with alpha": (
        {"kind": "focal", "gamma": 1.5, "alpha": 0.25},
        lambda z, y, row, i: naive.focal(z, y, 1.5, 0.25),
    ),
    "asymmetric": ({"kind": "asymmetric"}, lambda z, y, row, i: naive.asymmetric(z, y, 4, 1, 0.05)),
    "asymmetric, wide": (
        {"kind": "asymmetric", "gamma_negative": 0.5, "gamma_positive": 0, "margin": 0.3},
        lambda z, y, row, i: naive.asymmetric(z, y, 0.5, 0, 0.3),
    ),
    "class-balanced": ({"kind": "class-balanced"}, cb),
    "class-balanced, mean": (
        {"kind": "class-balanced", "mode": "mean", "factor": 1},
        lambda z, y, row, i: row_weight(row, mean) * naive.focal(z, y, 2, 0.5),
    ),
    "class-balanced, rarest": (
        {"kind": "class-balanced", "mode": "rarest", "factor": 1},
        lambda z, y, row, i: row_weight(row, max) * naive.focal(z, y, 2, 0.5),
    ),
    "distribution-balanced": ({"kind": "distribution-balanced"}, db),
    "cb-ntr": (
        {"kind": "cb-ntr"},
        lambda z, y, row, i: (
            10 * naive.class_weight(COUNTS[i], 0.9) * naive.tolerant(z, y, COUNTS[i], TOTAL, 0.05, 2, 2, 0.5)
        ),
    ),
    "ntr-fl": (
        {"kind": "ntr-fl"},
        lambda z, y, row, i: naive.tolerant(z, y, COUNTS[i], TOTAL, 0.05, 2, 2, 0.5),
    ),
    "ntr-fl, as in the code": (
        {"kind": "ntr-fl", "divide_negatives": False},
        lambda z, y, row, i: naive.tolerant(z, y, COUNTS[i], TOTAL, 0.05, 2, 2, 0.5, divided=False),
    ),
    "propensity": ({"kind": "propensity"}, lambda z, y, row, i: weighted(z, y, row, i, jain(COUNTS[i]))),
    "logit-adjusted": (
        {"kind": "logit-adjusted", "tau": 0.7},
        lambda z, y, row, i: naive.bce(z + 0.7 * math.log(COUNTS[i] / (TOTAL - COUNTS[i])), y),
    ),
    "squared-hinge": ({"kind": "squared-hinge"}, lambda z, y, row, i: naive.squared_hinge(z, y)),
}


@pytest.mark.parametrize("name", ELEMENTS)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sums_over_labels(name, reduction):
    constants, formula = ELEMENTS[name]
    loss = made(**{"kind": name, **constants, "reduction": reduction})
    sums = [
        sum(formula(z, y, row, i) for i, (z, y) in enumerate(zip(scores, row, strict=True)))
        for scores, row in zip(SCORES, TARGETS, strict=True)
    ]
    assert values(loss) == pytest.approx([total / (4 if reduction == "mean" else 1) for total in sums], rel=1e-9)


def test_every_elementwise_loss_is_above():
    named = {constants.get("kind", name) for name, (constants, _) in ELEMENTS.items()}
    assert named == {kind for kind in LOSSES if issubclass(LOSSES.load(kind), ElementwiseLoss)}


ROWS = {
    "ranking": ({}, naive.ranking),
    "zlpr": ({}, naive.zlpr),
    "softmax": ({}, naive.softmax),
    "decoupled-softmax": ({}, naive.decoupled_softmax),
    "decoupled-contrastive": ({}, naive.decoupled_softmax),
    "triplet": ({}, lambda scores, row: naive.triplet(scores, row, 0.3)),
    "triplet, wide": (
        {"kind": "triplet", "margin": 2.5, "mean_over": "all"},
        lambda scores, row: naive.triplet(scores, row, 2.5, over_all=True),
    ),
    "soft-top-k": ({"k": 2}, lambda scores, row: naive.soft_top_k(scores, row, 2, 2.0)),
    "soft-top-k, of the positives": (
        {"kind": "soft-top-k", "k": "positives", "alpha": 0.7},
        lambda scores, row: naive.soft_top_k(scores, row, min(sum(row), len(row) - 1), 0.7),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_losses_of_whole_documents(name):
    constants, formula = ROWS[name]
    expected = [formula(*pair) for pair in zip(SCORES, TARGETS, strict=True)]
    assert values(made(**{"kind": name, **constants})) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_every_loss_is_above():
    named = {constants.get("kind", name) for name, (constants, _) in {**ELEMENTS, **ROWS}.items()}
    assert named == set(LOSSES)


@pytest.mark.parametrize("kind", [kind for kind in LOSSES if issubclass(LOSSES.load(kind), ElementwiseLoss)])
def test_targets_between_mix_the_two_sides(kind):
    # Only where weights do not come from the document's other positives.
    loss, case = made(kind), example(seed=2)
    if kind == "distribution-balanced":
        loss = made(kind, slope=0.0)
    parts = [loss(case.scores, torch.full_like(case.scores, y), labels=case.labels) for y in (0.0, 1.0, 0.3)]
    close(parts[2], 0.7 * parts[0] + 0.3 * parts[1])


def test_documents_without_positives_weigh_like_very_frequent_labels():
    labels = LabelCounts(torch.tensor([1e9, 2.0]), 10**9)
    targets = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    for mode in ("mean", "rarest"):
        weights = ClassBalanced(mode=mode, factor=1.0).of_documents(Positives.of_targets(targets), labels)
        assert weights.tolist() == pytest.approx([0.1, 0.1, 0.1 / 0.19])
    (without,) = values(made("distribution-balanced", slope=5.0), [[1.0] * 4], [[0] * 4])
    parts = [naive.tolerant(1.0, 0, n, TOTAL, 0.05, 2, 2, 0.5) for n in COUNTS]
    assert without == pytest.approx(1.1 * mean(parts))


def test_smoothed_targets_leave_the_rarest_positive_what_it_is():
    labels = LabelCounts(torch.tensor([50.0, 1.0]), 100)
    smoothed = torch.tensor([[0.95, 0.05]])
    sides = [Positives.of_targets(targets) for targets in (smoothed, smoothed.round())]
    weights = [ClassBalanced(mode="rarest").of_documents(side, labels) for side in sides]
    assert torch.equal(*weights)


def test_counts_out_of_range_are_taken_as_the_nearest_in_it():
    odds = log_odds(LabelCounts(torch.tensor([0.0, 1.0, 5.0, 9.0, 10.0]), 10))
    assert odds.tolist() == pytest.approx([-math.log(9), -math.log(9), 0.0, math.log(9), math.log(9)], abs=1e-6)
    for documents in (0, 1, 2):
        assert log_odds(LabelCounts(torch.tensor([0.0, 1.0]), documents)).abs().max() < 0.7


@pytest.mark.parametrize("documents", [1, 2, 3, 1000, 10**6])
def test_propensities_are_those_of_the_metrics(documents):
    counts = np.array([0, 1, 2, 7, 500])
    expected = propensity.inverse_propensities(counts, documents, 0.6, 2.6)
    found = inverse_propensities(LabelCounts(torch.tensor(counts, dtype=torch.float64), documents), 0.6, 2.6)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.5, 1.0, 4.0])
def test_easy_negatives_cost_nothing_below_the_margin(gamma):
    loss, scores = made("asymmetric", gamma_negative=gamma), torch.tensor([[-3.5, -2.5]], requires_grad=True)
    loss(scores, torch.zeros(1, 2)).backward()
    assert scores.grad is not None
    assert scores.grad[0, 0] == 0
    assert scores.grad[0, 1] > 0


@pytest.mark.parametrize("margin", [0.0, 0.2])
def test_detached_factors_are_constants_of_the_gradient(margin):
    loss = made("asymmetric", margin=margin, gamma_negative=3, gamma_positive=1.5, detach_factor=True, reduction="sum")
    scores = torch.tensor(SCORES, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor(TARGETS, dtype=torch.float64)
    loss(scores, targets).sum().backward()
    z = scores.detach().clone().requires_grad_()
    p = z.sigmoid()
    q = (p - margin).clamp(min=0)
    factor = torch.where(targets == 1, (1 - p) ** 1.5, q**3).detach()
    (-factor * torch.where(targets == 1, p, 1 - q).log()).sum().backward()
    assert scores.grad is not None
    assert z.grad is not None
    close(scores.grad, z.grad, 1e-12)


def test_the_cost_of_a_side_keeps_its_last_places():
    for margin in (-30.0, -12.0, 0.0, 12.0, 30.0):
        cost, slope = focal_side(2.0)(torch.tensor([margin]))
        p = naive.s(margin)
        assert cost.item() == pytest.approx(p**2 * (max(margin, 0) + math.log1p(math.exp(-abs(margin)))), rel=1e-4)
        assert slope.item() > 0


def test_ranking_in_chunks_is_ranking_at_once(monkeypatch):
    case = example(seed=1, documents=6, n=9)
    found = []
    for pairs in (1, 20, 1 << 20):
        monkeypatch.setattr(pairs_module, "_PAIRS", pairs)
        scores = case.scores.clone().requires_grad_()
        loss = case.loss(made("ranking"), scores)
        loss.sum().backward()
        assert scores.grad is not None
        found.append((loss.detach(), scores.grad))
    for loss, gradient in found[1:]:
        close(loss, found[0][0], 1e-12)
        close(gradient, found[0][1], 1e-12)


def test_ranking_weighs_pairs_by_both_targets_and_no_label_with_itself():
    scores, row = [0.5, -1.0, 2.0], [0.8, 0.3, 0.0]
    pairs = [(i, j, row[i] * (1 - row[j])) for i in range(3) for j in range(3) if i != j]
    total = sum(weight * math.log(1 + math.exp(scores[j] - scores[i])) for i, j, weight in pairs)
    expected = total / sum(weight for _, _, weight in pairs)
    found = made("ranking")(torch.tensor([scores], dtype=torch.float64), torch.tensor([row], dtype=torch.float64))
    assert found.item() == pytest.approx(expected, rel=1e-9)


def test_softmax_is_least_where_positives_share_all():
    scores = torch.tensor([[20.0, 20.0, -20.0]], requires_grad=True)
    loss = made("softmax")(scores, torch.tensor([[1.0, 1.0, 0.0]]))
    assert loss.item() == pytest.approx(math.log(2))
    loss.backward()
    assert scores.grad is not None
    assert scores.grad.abs().max() < 1e-6


@pytest.mark.parametrize("kind", sorted(set(LOSSES) - {"soft-top-k"}))
def test_few_positives_are_worked_out_as_many_are(kind, monkeypatch):
    case, found = example(seed=6, documents=4, n=30), []
    for many in (False, True):
        monkeypatch.setattr(elements, "are_many", lambda places, targets, many=many: many)
        scores = case.scores.clone().requires_grad_()
        loss = case.loss(made(kind), scores)
        loss.sum().backward()
        assert scores.grad is not None
        found.append((loss.detach(), scores.grad))
    close(found[0][0], found[1][0], 1e-12)
    close(found[0][1], found[1][1], 1e-12)
