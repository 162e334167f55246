"""An easy positive beside hard ones: softmax evens it out, decoupled softmax leaves it first.

Source: after the synthetic experiment of Gupta et al., Dual-Encoders for Extreme Multi-label Classification (ICLR
2024). The full size is in ``benchmarks/easy_label.py``. At the very end of softmax all positives are alike and any of
them may be first, so the last epoch is not asked which.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from manylabel.core.table import section_of
from manylabel.nn.losses import LOSSES
from manylabel.nn.losses.tiles import Positives
from manylabel.train.tiled import tiled_losses

QUERIES, LABELS, WORDS, LENGTH, HARD = 200, 600, 1_000, 8, 4


def texts_and_targets():
    """The word that all queries share stands in label 0 alone, which all of them have; the other four are random."""
    random = torch.Generator().manual_seed(0)
    texts = torch.randint(0, WORDS, (QUERIES + LABELS, LENGTH), generator=random)
    texts[: QUERIES + 1, 0] = WORDS
    targets = torch.zeros(QUERIES, LABELS)
    targets[:, 0] = 1
    targets.scatter_(1, torch.rand(QUERIES, LABELS - 1, generator=random).topk(HARD).indices + 1, 1.0)
    return texts[:QUERIES], texts[QUERIES:], targets


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.EmbeddingBag(WORDS + 1, 64, mode="mean")
        nn.init.normal_(self.words.weight, std=0.1)
        self.beside = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64))

    def forward(self, texts):
        mean = 4 * self.words(texts)
        return mean + self.beside(mean)


def trained(kind, epochs=20):
    """After each epoch: how often the easy label is first, and the softmax probabilities of the positives."""
    torch.manual_seed(0)
    queries, labels, targets = texts_and_targets()
    encoder, loss = Encoder(), section_of(kind, LOSSES)
    optimiser = torch.optim.Adam(encoder.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 4 * epochs)
    easy, parts = [], []
    for _ in range(epochs):
        for rows in torch.randperm(QUERIES).split(50):
            losses = tiled_losses(
                encoder(queries[rows]), encoder(labels), loss, Positives.of_targets(targets[rows]), tile_size=256
            )
            optimiser.zero_grad()
            losses.mean().backward()
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            scores = encoder(queries) @ encoder(labels).T
        easy.append((scores.argmax(dim=1) == 0).float().mean().item())
        parts.append(scores.softmax(dim=1)[targets.bool()].view(QUERIES, 1 + HARD).mean(dim=0))
    return easy, parts[-1]


@pytest.fixture(scope="module")
def curves():
    return {kind: trained(kind) for kind in ("softmax", "decoupled-softmax")}


def test_both_find_the_easy_label_at_once(curves):
    assert curves["softmax"][0][0] > 0.9
    assert curves["decoupled-softmax"][0][0] > 0.9


def test_softmax_gives_it_a_fifth_as_every_other(curves):
    easy, parts = curves["softmax"]
    assert min(easy[5:16]) < 0.35
    assert 0.15 < parts[0] < 0.25
    assert 0.1 < parts[1:].min() <= parts[1:].max() < 0.25


def test_decoupled_softmax_leaves_it_first(curves):
    easy, parts = curves["decoupled-softmax"]
    assert min(easy) > 0.8
    assert parts[0] > 0.9


def test_cross_entropy_finds_nothing_else():
    easy, parts = trained("bce", epochs=10)
    assert easy[-1] == 1.0
    assert parts[1:].max() < 0.05
