"""Time of each loss, forward and backward, beside plain cross-entropy.

    python benchmarks/losses.py

Random scores of 64 documents for 10,000 labels, five of them true; float32, on one thread. Losses take turns. Also with
smoothed targets, where no target is 0. Writes ``benchmarks/results/losses.md``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from arms import HERE
from manylabel.core.table import section_of
from manylabel.nn.losses import LOSSES
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.label_smoothing import smooth
from tables import table, where_and_when
from turns import session_facts

DOCUMENTS, LABELS, POSITIVES = 64, 10_000, 5
BOUND = 2.0


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="how often each loss has its turn")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    scores = (torch.randn(DOCUMENTS, LABELS, generator=random) - 4).requires_grad_()
    counts = (20_000 / torch.arange(1, LABELS + 1)).floor().clamp(min=1)
    labels = LabelCounts(counts, 100_000)
    targets = torch.zeros(DOCUMENTS, LABELS)
    targets.scatter_(1, torch.multinomial(counts.expand(DOCUMENTS, -1), POSITIVES, generator=random), 1.0)
    made = {kind: section_of(kind, LOSSES) for kind in LOSSES}

    def step(loss: Loss, truth: torch.Tensor) -> None:
        scores.grad = None
        loss(scores, truth, labels=labels).mean().backward()

    hard = _in_turns({kind: lambda loss=loss: step(loss, targets) for kind, loss in made.items()}, arguments.rounds)
    # Pairs of ranking grow with the square of the labels then: minutes.
    softer = smooth(targets, labels, 0.1)
    rest = {kind: loss for kind, loss in made.items() if kind not in ("ranking", "triplet")}
    soft = _in_turns({kind: lambda loss=loss: step(loss, softer) for kind, loss in rest.items()}, arguments.rounds // 3)
    rows = [
        [kind, f"{1e3 * statistics.median(hard[kind]):.1f}", _ratio(hard, kind), _ratio(soft, kind)] for kind in LOSSES
    ]
    over = [f"`{kind}`" for kind in LOSSES if float(_ratio(hard, kind)) > BOUND]
    parts = [
        "# Time of losses",
        f"Forward and backward in float32 on one thread: {DOCUMENTS} documents, {LABELS:,} labels, {POSITIVES} true "
        f"ones each; medians of {arguments.rounds} turns. Ratios are medians over turns of the time beside that of "
        f"`bce` in the same turn. Wanted: at most {BOUND:g}. Over it: {', '.join(over) or 'none'}. "
        "The last column has smoothed targets, none of which is 0; `ranking` is left out of it, since its time grows "
        "with targets above 0 times labels.",
        where_and_when(session_facts()),
        table(["loss", "ms", "x bce", "x bce, smoothed"], rows),
    ]
    arguments.results.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(parts) + "\n"
    (arguments.results / "losses.md").write_text(text, encoding="utf-8")
    print(text)


def _in_turns(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each step in each round; a first round warms up and is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def _ratio(seconds: dict[str, list[float]], kind: str) -> str:
    if kind not in seconds:
        return "–"
    return f"{statistics.median(a / b for a, b in zip(seconds[kind], seconds['bce'], strict=True)):.2f}"


if __name__ == "__main__":
    main()
