"""What follows from the formulas of losses that look at a document's labels together."""

from __future__ import annotations

import math

import pytest
import torch
from loss_cases import close, example
from torch.nn import functional

from manylabel.core.errors import ConfigError
from manylabel.core.table import section_of
from manylabel.nn.losses import LOSSES
from manylabel.nn.losses.base import Loss
from manylabel.nn.losses.soft_top_k import SoftTopK
from manylabel.nn.losses.tiles import Positives

WIDE = {"dtype": torch.float64}


def made(kind: str, **constants) -> Loss:
    return section_of({"kind": kind, **constants}, LOSSES)  # type: ignore[return-value]


def with_slopes(loss, scores, targets):
    scores = scores.clone().requires_grad_()
    losses = loss(scores, targets)
    (slopes,) = torch.autograd.grad(losses.sum(), scores)
    return losses.detach(), slopes


def plain_decoupled_softmax(scores, targets):
    """As the paper writes it: a softmax of each positive among itself and the negatives."""
    losses = []
    for z, y in zip(scores, targets, strict=True):
        terms = [torch.cat([z[p : p + 1], z[y == 0]]).log_softmax(0)[0] for p in y.nonzero().flatten()]
        losses.append(-torch.stack(terms).mean() if terms else 0.0 * z.sum())
    return torch.stack(losses)


def plain_triplet(scores, targets, margin=0.3):
    losses = []
    for z, y in zip(scores, targets, strict=True):
        costs = (z[y == 0][None, :] - z[y == 1][:, None] + margin).clamp(min=0)
        losses.append(costs.sum() / max(int((costs > 0).sum()), 1))
    return torch.stack(losses)


def plain_soft_top_k(scores, targets, k=3, alpha=2.0):
    """Bisection without a graph, then one Newton step with it: its gradient is that of the equation."""
    low, high = (torch.full((len(scores), 1), bound, **WIDE) for bound in (-60.0, 60.0))
    for _ in range(120):
        t = (low + high) / 2
        few = (alpha * (scores.detach() + t)).sigmoid().sum(dim=1, keepdim=True) < k
        low, high = t.where(few, low), high.where(few, t)
    q = (alpha * (scores + low)).sigmoid()
    t = low + (k - q.sum(dim=1, keepdim=True)) / (alpha * q * (1 - q)).sum(dim=1, keepdim=True).detach()
    costs = functional.softplus(-alpha * (scores + t)) * targets
    return costs.sum(dim=1) / targets.sum(dim=1).clamp(min=1)


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        ("decoupled-softmax", plain_decoupled_softmax),
        ("triplet", plain_triplet),
        ("soft-top-k", plain_soft_top_k),
    ],
)
def test_slopes_are_those_of_autograd_on_the_plain_formula(kind, plain):
    case = example(seed=11, documents=8, n=12)
    loss = made(kind, k=3) if kind == "soft-top-k" else made(kind)
    found, expected = with_slopes(loss, case.scores, case.targets), with_slopes(plain, case.scores, case.targets)
    close(found[0], expected[0], 1e-10)
    close(found[1], expected[1], 1e-10)
    assert found[1].abs().max() > 0.05


@pytest.mark.parametrize("kind", ["softmax", "decoupled-softmax", "soft-top-k", "triplet", "ranking"])
def test_a_constant_added_to_all_scores_of_a_document_changes_nothing(kind):
    case, loss = example(seed=12), made(kind)
    losses, slopes = with_slopes(loss, case.scores, case.targets)
    moved = with_slopes(loss, case.scores + torch.arange(5.0, **WIDE)[:, None] * 7 - 11, case.targets)
    close(moved[0], losses, 1e-10)
    close(moved[1], slopes, 1e-10)
    assert slopes.sum(dim=1).abs().max() < 1e-12


class TestDecoupledSoftmax:
    def test_with_one_positive_it_is_softmax(self):
        scores, targets = example(seed=13).scores, torch.eye(7, **WIDE)[:5]
        one, other = (with_slopes(made(kind), scores, targets) for kind in ("decoupled-softmax", "softmax"))
        close(one[0], other[0], 1e-12)
        close(one[1], other[1], 1e-12)

    def test_a_positive_is_pulled_up_whatever_the_others_have(self):
        scores, targets = torch.tensor([[1.0, -1.0, 0.5, -2.0]], **WIDE), torch.tensor([[1.0, 1.0, 0.0, 0.0]], **WIDE)
        slope = with_slopes(made("decoupled-softmax"), scores, targets)[1]
        for height in (-20.0, 0.0, 20.0):
            scores[0, 1] = height
            assert with_slopes(made("decoupled-softmax"), scores, targets)[1][0, 0] == slope[0, 0] < 0
        assert with_slopes(made("decoupled-softmax"), scores, targets)[1][0, 1] < 0
        assert with_slopes(made("softmax"), scores, targets)[1][0, 1] > 0.4  # pushed down for having more than a half

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_documents_without_negatives_or_without_positives_cost_nothing(self, dtype):
        scores = torch.tensor([[3.0, -200.0, 200.0]] * 2, dtype=dtype)
        losses, slopes = with_slopes(made("decoupled-softmax"), scores, torch.tensor([[1.0] * 3, [0.0] * 3]))
        assert losses.tolist() == [0.0, 0.0]
        assert not slopes.any()

    def test_positives_far_above_all_negatives_leave_small_numbers_exact(self):
        scores = torch.tensor([[40.0, 60.0, 0.0]], **WIDE)
        losses, slopes = with_slopes(made("decoupled-softmax"), scores, torch.tensor([[1.0, 1.0, 0.0]]))
        expected = (math.exp(-40) + math.exp(-60)) / 2
        assert losses.item() == pytest.approx(expected, rel=1e-12)
        assert slopes[0, 2].item() == pytest.approx(expected, rel=1e-12)

    def test_targets_between_weigh_the_positives(self):
        scores = torch.tensor([[1.0, -1.0, 0.5]], **WIDE)
        single = [made("decoupled-softmax")(scores[:, [p, 2]], torch.tensor([[1.0, 0.0]])).item() for p in (0, 1)]
        found = made("decoupled-softmax")(scores, torch.tensor([[0.6, 0.2, 0.0]], **WIDE)).item()
        assert found == pytest.approx(0.75 * single[0] + 0.25 * single[1], rel=1e-9)


def shares(scores, k, alpha=2.0):
    """q of each label: of a document for which it is the only positive, the loss is ``-log q``."""
    n = scores.shape[1]
    return [(-SoftTopK(k=k, alpha=alpha)(row.expand(n, n), torch.eye(n, dtype=row.dtype))).exp() for row in scores]


def looks(scores, k=5):
    """How often a formula goes over all scores before it is settled."""
    targets = torch.zeros_like(scores)
    targets[:, 0] = 1
    positives = Positives.of_targets(targets)
    formula = SoftTopK(k=k).formula(positives, scores.shape[1])
    from manylabel.nn.losses.tiles import Tile
    from manylabel.train.tiled import run_passes

    walks = []

    class Counted:
        def __iter__(self):
            walks.append(1)
            yield Tile(scores, 0, slice(None), positives.rows, positives.columns)

    run_passes(formula, Counted())
    assert formula.losses().isfinite().all()
    return len(walks)


class TestSoftTopK:
    @pytest.mark.parametrize("k", [1, 5, 29])
    @pytest.mark.parametrize("spread", [0.0, 1.0, 5.0, 30.0])
    def test_k_labels_are_given_away(self, k, spread):
        scores = torch.randn(4, 30, generator=torch.Generator().manual_seed(k)) * spread
        for dtype, tolerance in ((torch.float32, 2e-5), (torch.float64, 1e-9)):
            for q in shares(scores.to(dtype), k):
                assert q.sum().item() == pytest.approx(k, rel=tolerance)
                assert (q <= 1).all()

    def test_of_very_many_equal_labels_each_has_its_part(self):
        """Where the best label has a chance of e^-10, all of them together have more than k."""
        scores, targets = torch.zeros(1, 200_000), torch.zeros(1, 200_000)
        targets[0, 7] = 1
        losses, slopes = with_slopes(SoftTopK(k=5), scores, targets)
        assert losses.item() == pytest.approx(math.log(200_000 / 5), rel=1e-6)
        assert slopes.sum().item() == pytest.approx(0.0, abs=1e-5)
        assert slopes[0, 7].item() == pytest.approx(-2 * (1 - 5 / 200_000) * (1 - 1 / 200_000), rel=1e-4)

    def test_scores_beyond_all_bounds_are_finite(self):
        scores = torch.tensor([[1e4, 1e4, -1e4, -1e4, -1e4, 0.0], [1e4] * 6, [-1e4] * 5 + [1e4]])
        for k in (1, 3, 5):
            for half in (torch.float32, torch.bfloat16):
                losses, slopes = with_slopes(SoftTopK(k=k), scores.to(half), torch.eye(6)[:3])
                assert losses.isfinite().all()
                assert slopes.isfinite().all()

    def test_a_label_among_the_first_k_costs_nothing_wherever_it_stands(self):
        scores = torch.tensor([[30.0, 10.0, -10.0, -11.0, -12.0]], **WIDE)
        costs = [SoftTopK(k=2)(scores, torch.eye(5, **WIDE)[[label]]).item() for label in range(3)]
        assert max(costs[:2]) < 1e-8
        assert costs[2] > 10

    def test_it_is_settled_in_few_looks_at_all_scores(self):
        random = torch.Generator().manual_seed(0)
        fresh = torch.randn(16, 5000, generator=random)
        assert looks(fresh) <= 4
        assert looks(5 * fresh) <= 5
        for positives in (3, 5, 9):  # far above all others, as after training
            trained = fresh - 10
            trained[:, :positives] += 20
            assert looks(trained) <= 4
        assert looks(fresh, k=100) <= 5
        assert looks(fresh, k=2500) <= 8
        assert looks(fresh[:, :50] * 100, k=49) <= 4
        assert looks(1e4 * fresh.sign()) <= 4

    def test_more_labels_to_give_than_there_are_is_a_mistake(self):
        for k, n in ((5, 5), (5, 3), ("positives", 1)):
            with pytest.raises(ConfigError, match=f"k {5 if k == 5 else 1} is not below the number of labels, {n}"):
                SoftTopK(k=k).check_labels(n)
        SoftTopK(k=5).check_labels(6)

    @pytest.mark.parametrize("values", [{"k": 0}, {"alpha": 0.0}, {"alpha": -1.0}, {"k": "labels"}, {"k": 1.5}])
    def test_constants_out_of_range(self, values):
        with pytest.raises(ConfigError):
            SoftTopK.parse(values)


def test_no_negative_margin():
    with pytest.raises(ConfigError, match="margin"):
        LOSSES.section("triplet").parse({"margin": 0.0})


def test_triplets_keep_the_size_of_their_gradient_as_most_pairs_come_right():
    scores = torch.tensor([[1.0, 0.9, *[-5.0] * 98]], **WIDE)
    targets = torch.zeros(1, 100)
    targets[0, 0] = 1
    slopes = {over: with_slopes(made("triplet", mean_over=over), scores, targets)[1] for over in ("costly", "all")}
    assert slopes["costly"][0, :2].tolist() == [-1.0, 1.0]
    assert slopes["all"][0, 1].item() == pytest.approx(1 / 99)
