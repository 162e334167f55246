"""An easy positive beside hard ones: what softmax takes from it and decoupled softmax leaves.

    python benchmarks/easy_label.py

Every query of random words has five positives. One of them, the same for all queries, bears a word that the query has
too; the other four can only be learned by heart. A shared encoder of means of words is trained with all labels, with
scores that are plain products and with cosines over a temperature. Writes
``benchmarks/results/easy_label.{md,json,png}``.

Source: after the synthetic experiment of Gupta et al., Dual-Encoders for Extreme Multi-label Classification (ICLR
2024); sizes are ours.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from arms import HERE
from manylabel.core.table import section_of
from manylabel.nn.losses import LOSSES
from manylabel.nn.losses.base import Loss
from manylabel.nn.losses.tiles import Positives
from manylabel.train.tiled import tiled_losses
from tables import table, where_and_when
from turns import say, session_facts

WORDS, LENGTH, POSITIVES, WIDTH, HIDDEN = 2_000, 8, 5, 64, 256
TEMPERATURE, RATE = 0.05, 5e-3
KINDS = ("softmax", "decoupled-softmax", "soft-top-k", "bce")
SPACES = {"product": False, "cosine": True}
SHOWN = (5, 10, 20, 50, 100, 200)
NAMES = {"easy": "easy P@1", "hit": "P@1", "all": "P@5", "p_easy": "p(easy)", "p_hard": "p(hard)"}


@dataclass(frozen=True)
class Puzzle:
    """Word ids of queries int64 ``[N, 8]`` and labels ``[L, 8]``; positives int64 ``[N, 5]``, the easy one first."""

    queries: Tensor
    labels: Tensor
    positives: Tensor


class Encoder(nn.Module):
    """Mean of word vectors, and one layer beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag(WORDS + 1, WIDTH, mode="mean")
        nn.init.normal_(self.words.weight, std=0.1)
        self.beside = nn.Sequential(
            nn.Linear(WIDTH, HIDDEN, bias=False), nn.GELU(), nn.Linear(HIDDEN, WIDTH, bias=False)
        )

    def forward(self, texts: Tensor) -> Tensor:
        """Vectors ``[n, 64]`` of texts ``[n, 8]``."""
        mean = 4 * self.words(texts)
        return mean + self.beside(mean)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=SHOWN[-1])
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--labels", type=int, default=5_000)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    puzzle = make_puzzle(arguments.queries, arguments.labels)
    found = {
        "options": {"epochs": arguments.epochs, "queries": arguments.queries, "labels": arguments.labels},
        **session_facts(),
        "curves": {
            f"{kind}, {space}": _curve(puzzle, kind, cosine, arguments.epochs)
            for space, cosine in SPACES.items()
            for kind in KINDS
        },
    }
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "easy_label.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (arguments.results / "easy_label.md").write_text(_page(found), encoding="utf-8")
    _draw(found, arguments.results / "easy_label.png")
    print(_page(found))


def make_puzzle(queries: int, labels: int, seed: int = 0) -> Puzzle:
    """Random texts; label 0 and every query have the word that no other label has."""
    random = torch.Generator().manual_seed(seed)
    texts = torch.randint(0, WORDS, (queries + labels, LENGTH), generator=random)
    texts[: queries + 1, 0] = WORDS
    hard = torch.rand(queries, labels - 1, generator=random).topk(POSITIVES - 1).indices + 1
    return Puzzle(
        texts[:queries], texts[queries:], torch.cat([torch.zeros(queries, 1, dtype=torch.int64), hard], dim=1)
    )


def _curve(puzzle: Puzzle, kind: str, cosine: bool, epochs: int) -> list[dict[str, float]]:
    """What is measured after each epoch."""
    loss = section_of(kind, LOSSES)
    assert isinstance(loss, Loss)
    torch.manual_seed(0)
    encoder, start = Encoder(), time.perf_counter()
    batch = max(len(puzzle.queries) // 4, 1)
    steps = epochs * -(-len(puzzle.queries) // batch)
    optimiser = torch.optim.Adam(encoder.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    curve = []
    for epoch in range(1, epochs + 1):
        for rows in torch.randperm(len(puzzle.queries)).split(batch):
            vectors, labels, scale = _vectors(encoder, puzzle, rows, cosine)
            losses = tiled_losses(vectors, labels, loss, _positives(puzzle.positives[rows]), scale=scale)
            optimiser.zero_grad()
            losses.mean().backward()
            optimiser.step()
            schedule.step()
        curve.append({"epoch": epoch, **_measure(encoder, puzzle, cosine)})
    say(f"{kind}, cosine {cosine}: {time.perf_counter() - start:.0f} s, {curve[-1]}")
    return curve


def _vectors(encoder: Encoder, puzzle: Puzzle, rows: Tensor, cosine: bool) -> tuple[Tensor, Tensor, float]:
    vectors, labels = encoder(puzzle.queries[rows]), encoder(puzzle.labels)
    if cosine:
        return functional.normalize(vectors), functional.normalize(labels), 1 / TEMPERATURE
    return vectors, labels, 1.0


def _positives(columns: Tensor) -> Positives:
    rows = torch.arange(len(columns)).repeat_interleave(columns.shape[1])
    flat, order = columns.flatten().sort(stable=True)
    return Positives(rows[order], flat, torch.ones(len(flat)), len(columns))


@torch.no_grad()
def _measure(encoder: Encoder, puzzle: Puzzle, cosine: bool) -> dict[str, float]:
    vectors, labels, scale = _vectors(encoder, puzzle, torch.arange(len(puzzle.queries)), cosine)
    scores = scale * vectors @ labels.T
    best = scores.topk(POSITIVES).indices
    right = (best[:, :, None] == puzzle.positives[:, None, :]).any(dim=2)
    parts = scores.softmax(dim=1).gather(1, puzzle.positives).mean(dim=0)
    return {
        "easy": float((best[:, 0] == 0).float().mean()),
        "hit": float(right[:, 0].float().mean()),
        "all": float(right.float().mean()),
        "p_easy": float(parts[0]),
        "p_hard": float(parts[1:].mean()),
    }


def _page(found: dict[str, Any]) -> str:
    options, rows = found["options"], []
    shown = [epoch for epoch in SHOWN if epoch < options["epochs"]] + [options["epochs"]]
    for name, curve in found["curves"].items():
        last = curve[-1]
        easy = [f"{curve[epoch - 1]['easy']:.3f}" for epoch in shown]
        rows.append([f"`{name}`", *easy, *(f"{last[key]:.3f}" for key in ("hit", "all", "p_easy", "p_hard"))])
    parts = [
        "# An easy positive beside hard ones",
        f"{options['queries']:,} queries and {options['labels']:,} labels of {LENGTH} random words of {WORDS:,}; "
        f"{POSITIVES} positives each, one of which, the same for all, bears a word that every query has too. A shared "
        f"encoder ({WIDTH} numbers), all labels, {options['epochs']} epochs of Adam from {RATE:g} down to 0. "
        f"`product`: scores are inner products; `cosine`: cosines over {TEMPERATURE:g}.",
        "Under each epoch: the share of queries for which the easy label is the first. Then, after the last one: how "
        "often the first label is a positive, how many of the first five are, and the softmax probability of the easy "
        "label and of a hard one. Where the two are alike, as at the end of softmax, chance decides which is first.",
        where_and_when(found),
        table(["loss, scores", *map(str, shown), "P@1", "P@5", "p(easy)", "p(hard)"], rows),
        "![Share of queries for which the easy label is the first](easy_label.png)",
    ]
    return "\n\n".join(parts) + "\n"


def _draw(found: dict[str, Any], file: Path) -> None:
    """Easy P@1 by epoch, a panel for each kind of scores."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(SPACES), figsize=(9, 3.6), sharey=True, layout="constrained")
    for panel, space in zip(panels, SPACES, strict=True):
        for kind in KINDS:
            curve = found["curves"][f"{kind}, {space}"]
            panel.plot([point["epoch"] for point in curve], [point["easy"] for point in curve], label=kind)
        panel.set(xscale="log", xlabel="epoch", title=f"scores: {space}", ylim=(0, 1.03))
        panel.axhline(1 / POSITIVES, color="grey", linewidth=0.7, linestyle=":")
    panels[0].set_ylabel("easy label is first (share of queries)")
    panels[0].legend(frameon=False, loc="lower left")
    figure.savefig(file, dpi=130)


if __name__ == "__main__":
    main()
