"""Tiles of labels give what all labels at once give: values, gradients, shards, further negatives."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from manylabel.core.table import section_of
from manylabel.nn.losses import LOSSES
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.tiles import Positives, Shards
from manylabel.train.tiled import ScoreTiles, run_passes, tiled_losses, walk_slopes

VARIANTS = [
    *((kind, {}) for kind in LOSSES if kind != "soft-top-k"),
    ("soft-top-k", {"k": 3}),
    ("soft-top-k", {"k": "positives", "alpha": 0.5}),
    ("class-balanced", {"mode": "mean", "beta": 0.99}),
    ("class-balanced", {"mode": "rarest", "beta": 0.99}),
    ("cb-ntr", {"mode": "rarest"}),
    ("asymmetric", {"reduction": "sum"}),
    ("triplet", {"mean_over": "all", "margin": 2.0}),
]
every_loss = pytest.mark.parametrize(("kind", "constants"), VARIANTS)
B, L, D = 6, 23, 5


def made(kind, constants) -> Loss:
    return section_of({"kind": kind, **constants}, LOSSES)  # type: ignore[return-value]


class Case:
    def __init__(self, dtype=torch.float64, seed=0):
        random = torch.Generator().manual_seed(seed)
        self.vectors = torch.randn(B, D, generator=random).to(dtype)
        self.labels = torch.randn(L, D, generator=random).to(dtype)
        self.bias = torch.randn(L, generator=random).to(dtype)
        self.scale = torch.tensor(1.7, dtype=dtype)
        self.weights = torch.rand(B, generator=random).to(dtype) + 0.2
        targets = torch.rand(B, L, generator=random) < 0.2
        targets[0], targets[1] = False, True
        targets[2], targets[2, 7] = False, True  # one positive, at the edge of a tile
        self.targets = targets
        self.positives = Positives.of_matrix(csr_matrix(targets.numpy()))
        self.counts = LabelCounts(torch.randint(1, 60, (L,), generator=random).to(dtype), 200)

    def leaves(self):
        return [part.clone().requires_grad_() for part in (self.vectors, self.labels, self.scale, self.bias)]

    def dense(self, loss):
        leaves = self.leaves()
        vectors, labels, scale, bias = leaves
        scores = scale * vectors @ labels.T + bias
        losses = loss(scores, self.targets.to(scores.dtype), labels=self.counts)
        return losses.detach(), torch.autograd.grad((losses * self.weights).sum(), leaves)

    def tiled(self, loss, tile):
        leaves = self.leaves()
        vectors, labels, scale, bias = leaves
        losses = tiled_losses(
            vectors, labels, loss, self.positives, scale=scale, bias=bias, counts=self.counts, tile_size=tile
        )
        return losses.detach(), torch.autograd.grad((losses * self.weights).sum(), leaves)


def agree(one, other, tolerance):
    torch.testing.assert_close(one[0], other[0], rtol=tolerance, atol=tolerance)
    for found, expected in zip(one[1], other[1], strict=True):
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@every_loss
@pytest.mark.parametrize("tile", [1, 7, 8, L, 100])
def test_tiles_of_any_size_are_the_whole(kind, constants, tile):
    loss, case = made(kind, constants), Case()
    agree(case.tiled(loss, tile), case.dense(loss), 1e-10)


@every_loss
def test_tiles_are_the_whole_in_single_precision(kind, constants):
    loss, case = made(kind, constants), Case(torch.float32)
    agree(case.tiled(loss, 7), case.dense(loss), 1e-5)


class Meeting(Shards):
    """Shards that threads hold: each waits for the others and sees what they brought."""

    def __init__(self, n):
        self.barrier, self.brought = threading.Barrier(n), {}

    def _all(self, values):
        self.brought[threading.get_ident()] = values
        self.barrier.wait(20)
        found = torch.stack([self.brought[key] for key in sorted(self.brought)])
        self.barrier.wait(20)
        return found

    def sum(self, values):
        return self._all(values).sum(dim=0)

    def maximum(self, values):
        return self._all(values).amax(dim=0)


@every_loss
@pytest.mark.parametrize("edges", [(0, 8, L), (0, 1, 22, L)])
def test_shards_are_the_whole(kind, constants, edges):
    """The last label of the first shard is the positive of a document; shards are not equally long."""
    loss, case = made(kind, constants), Case()
    assert case.targets[2, 7]
    whole = case.tiled(loss, 5)
    meeting, found = Meeting(len(edges) - 1), {}

    def work(number):
        first, stop = edges[number], edges[number + 1]
        vectors, scale = case.vectors.clone().requires_grad_(), case.scale.clone().requires_grad_()
        labels, bias = case.labels[first:stop].clone().requires_grad_(), case.bias[first:stop].clone().requires_grad_()
        losses = tiled_losses(
            vectors,
            labels,
            loss,
            case.positives,
            scale=scale,
            bias=bias,
            counts=LabelCounts(case.counts.counts[first:stop], 200),
            row_counts=case.counts,
            tile_size=3,
            shards=meeting,
            n_labels=L,
            first=first,
        )
        found[number] = (
            losses.detach(),
            torch.autograd.grad((losses * case.weights).sum(), [vectors, labels, scale, bias]),
        )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(edges) - 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    parts = [found[number][1] for number in range(len(edges) - 1)]
    together = (sum(part[0] for part in parts), torch.cat([part[1] for part in parts]))
    together = (*together, sum(part[2] for part in parts), torch.cat([part[3] for part in parts]))
    for number in range(len(edges) - 1):
        agree((found[number][0], together), whole, 1e-10)


@pytest.mark.parametrize("kind", ["decoupled-softmax", "softmax", "zlpr", "soft-top-k", "triplet"])
def test_further_documents_are_negatives_of_those_that_admit_them(kind):
    loss, case = made(kind, {}), Case()
    more = torch.randn(4, D, dtype=torch.float64)
    admissible = torch.rand(B, 4) < 0.6
    admissible[2] = False

    def both(leaves, tiled):
        vectors, labels, documents = leaves
        if tiled:
            losses = tiled_losses(
                vectors, labels, loss, case.positives, tile_size=7, documents=documents, admissible=admissible
            )
        else:
            scores = torch.cat([vectors @ labels.T, vectors @ documents.T], dim=1)
            mask = torch.cat([torch.ones(B, L, dtype=torch.bool), admissible], dim=1)
            targets = torch.cat([case.targets.double(), torch.zeros(B, 4, dtype=torch.float64)], dim=1)
            losses = loss(scores, targets, mask=mask)
        return losses.detach(), torch.autograd.grad((losses * case.weights).sum(), leaves)

    found = [
        both([part.clone().requires_grad_() for part in (case.vectors, case.labels, more)], tiled)
        for tiled in (True, False)
    ]
    agree(*found, 1e-10)


@pytest.mark.parametrize("kind", sorted(kind for kind in LOSSES if not LOSSES.load(kind).needs_counts))
def test_no_more_than_tiles_are_held(kind):
    """At no time do the tensors of a step take a third of what all scores would."""
    from manylabel.train.memory import _LiveTensors

    documents, n = 32, 12_000
    vectors, labels = torch.randn(documents, 1, requires_grad=True), torch.randn(n, 1, requires_grad=True)
    place = np.arange(documents)
    positives = Positives.of_matrix(csr_matrix((np.ones(documents, bool), (place, place)), shape=(documents, n)))
    with _LiveTensors() as live:
        tiled_losses(vectors, labels, made(kind, {}), positives, tile_size=250).sum().backward()
    assert live.most < documents * n * 4 / 3


def test_bf16_vectors_have_gradients_of_their_own_kind():
    case = Case(torch.float32)
    vectors, labels = (part.bfloat16().requires_grad_() for part in (case.vectors, case.labels))
    losses = tiled_losses(vectors, labels, made("decoupled-softmax", {}), case.positives, tile_size=7)
    losses.sum().backward()
    assert losses.dtype == torch.float32
    assert vectors.grad is not None
    assert vectors.grad.dtype == torch.bfloat16
    plain = tiled_losses(vectors.float(), labels.float(), made("decoupled-softmax", {}), case.positives)
    torch.testing.assert_close(losses, plain)


def test_a_number_for_a_scale_is_not_rounded_to_half_precision():
    case = Case(torch.float32)
    vectors, labels = case.vectors.bfloat16(), case.labels.bfloat16()
    losses = tiled_losses(vectors, labels, made("softmax", {}), case.positives, scale=1 / 0.07)
    plain = tiled_losses(vectors.float(), labels.float(), made("softmax", {}), case.positives, scale=1 / 0.07)
    torch.testing.assert_close(losses, plain)


def test_only_gradients_that_are_wanted_are_worked_out():
    case, loss = Case(), made("decoupled-softmax", {})
    whole = case.tiled(loss, 7)[1]
    for number in range(4):
        leaves = [part.detach() for part in case.leaves()]
        leaves[number].requires_grad_()
        vectors, labels, scale, bias = leaves
        losses = tiled_losses(vectors, labels, loss, case.positives, scale=scale, bias=bias, tile_size=7)
        (losses * case.weights).sum().backward()
        torch.testing.assert_close(leaves[number].grad, whole[number])
        assert sum(leaf.grad is not None for leaf in leaves) == 1


@every_loss
def test_slopes_of_tiles_can_be_had_one_by_one_while_scores_change_behind(kind, constants):
    """As a head does that updates the weights of a tile as soon as it has their gradient."""
    loss, case = made(kind, constants), Case()
    scores = (case.scale * case.vectors @ case.labels.T + case.bias).requires_grad_()
    losses = loss(scores, case.targets.double(), labels=case.counts)
    (expected,) = torch.autograd.grad((losses * case.weights).sum(), scores)
    rest = scores.detach().clone()
    positives = case.positives.in_precision(torch.float64)
    tiles = ScoreTiles(
        lambda first, stop, into: into.copy_(rest[:, first:stop]), L, positives, size=7, counts=case.counts
    )
    formula = loss.formula(positives, L, case.counts)
    run_passes(formula, tiles)
    torch.testing.assert_close(formula.losses(), losses.detach(), rtol=1e-10, atol=1e-10)
    spans = []

    def take(first, stop, slope):
        torch.testing.assert_close(slope, expected[:, first:stop], rtol=1e-10, atol=1e-10)
        rest[:, first:stop] = float("nan")
        spans.append((first, stop))

    walk_slopes(formula, tiles, case.weights, take)
    assert spans == [(0, 7), (7, 14), (14, 21), (21, 23)]


def test_autocast_around_it_changes_nothing():
    case, loss = Case(torch.float32), made("decoupled-softmax", {})
    plain = case.tiled(loss, 7)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        agree(case.tiled(loss, 7), plain, 0.0)


def test_a_loss_that_needs_counts_says_so():
    case = Case()
    with pytest.raises(ValueError, match="needs the number of documents"):
        tiled_losses(case.vectors, case.labels, made("cb-ntr", {}), case.positives)


def test_documents_without_positives_in_an_empty_batch_of_labels():
    case = Case()
    none = Positives.of_matrix(csr_matrix((B, L), dtype=bool))
    vectors = case.vectors.clone().requires_grad_()
    for kind in ("decoupled-softmax", "softmax", "soft-top-k", "triplet"):
        losses = tiled_losses(vectors, case.labels, made(kind, {}), none, tile_size=7)
        (gradient,) = torch.autograd.grad(losses.sum(), vectors)
        assert losses.tolist() == [0.0] * B
        assert not gradient.any()
