"""Memory and time of a training step of each head against the number of labels, 1 thousand to 1 million.

    python benchmarks/heads.py

16 documents of 64 states of 128 numbers; forward, backward and step of Adam. Every cell is a process of its own. Writes
``benchmarks/results/heads.md``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from arms import HERE
from manylabel.nn.heads import HEADS
from manylabel.nn.inputs import States
from manylabel.nn.losses.bce import BCE
from manylabel.train.config import TrainConfig
from manylabel.train.optimisers import Optimisers, gradient_norm
from manylabel.train.task import ParameterGroup
from peers.protocol import memory_mb
from tables import number, table, where_and_when
from turns import say, session_facts

DOCUMENTS, TOKENS, WIDTH = 16, 64, 128
POSITIVES, NEGATIVES = 5, 100
SIZES = (1_000, 10_000, 100_000, 1_000_000)
LIMIT_MB = 8_000
PATIENCE_S = 10  # of a cell, beyond which no further step is begun
ALL, SHORT = "all labels", "shortlist"
OPTIONS: dict[str, dict[str, Any]] = {
    "linear": {"kind": "linear"},
    "label-attention": {"kind": "label-attention"},
    "label-attention, shared": {"kind": "label-attention", "output": "shared"},
    "convolution": {"kind": "convolution"},
    "caml": {"kind": "caml"},
    "prototype": {"kind": "prototype"},
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10, help="steps that are timed, after two that are not")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--cell", nargs=3, metavar=("HEAD", "WAY", "LABELS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.cell:
        name, way, labels = arguments.cell
        sys.stdout.write(json.dumps(_measure(name, way, int(labels), arguments.steps)))
        return
    if {options["kind"] for options in OPTIONS.values()} != set(HEADS):
        parser.error("OPTIONS lacks a head of the table")
    rows = {(name, way): _row(name, way, arguments) for name in OPTIONS for way in (ALL, SHORT)}
    text = _page(rows, arguments)
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "heads.md").write_text(text, encoding="utf-8")
    print(text)


def _row(name: str, way: str, arguments: argparse.Namespace) -> list[dict[str, float]]:
    """The cells of one head for all numbers of labels; one that would need too much memory has only `expected`."""
    cells: list[dict[str, float]] = []
    for labels in SIZES:
        # Ten times the labels need ten times the memory at most.
        expected = 10 * cells[-1].get("over_mb", cells[-1].get("expected", 0.0)) if cells else 0.0
        if expected > LIMIT_MB:
            cells.append({"expected": expected})
            continue
        say(f"{name}, {way}, {labels:,} labels ...")
        command = [sys.executable, __file__, "--cell", name, way, str(labels)]
        command += ["--steps", str(arguments.steps)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        cells.append(json.loads(done.stdout))
    return cells


def _measure(name: str, way: str, labels: int, steps: int) -> dict[str, float]:
    """Milliseconds of a step, and the MiB that head, states and steps add to the process."""
    options = OPTIONS[name] | (_sparse(name) if way == SHORT else {})
    section = HEADS.section(options["kind"]).parse(options)
    torch.manual_seed(0)
    _ready()
    before = memory_mb("VmRSS")
    head = HEADS.load(options["kind"])(section, WIDTH, WIDTH, labels)
    optimisers = Optimisers([ParameterGroup(head, 1e-3)], TrainConfig())
    mask = torch.ones(DOCUMENTS, TOKENS, dtype=torch.bool)
    loss, scaler, taken = BCE(), torch.amp.GradScaler("cpu", enabled=False), []
    while len(taken) < steps + 2 and (len(taken) < 2 or sum(taken) < PATIENCE_S):
        ids = torch.randint(labels, (DOCUMENTS, POSITIVES + NEGATIVES)) if way == SHORT else None
        tokens = torch.randn(DOCUMENTS, TOKENS, WIDTH, requires_grad=True)
        began = time.process_time()
        scores = head(States(tokens, mask, tokens.mean(dim=1)), ids)
        targets = torch.zeros_like(scores)
        targets[:, :POSITIVES] = 1.0
        loss(scores, targets).mean().backward()
        gradient_norm(optimisers.parameters)
        optimisers.step(1.0, scaler)
        optimisers.zero_grad()
        taken.append(time.process_time() - began)
        del scores, targets, tokens
    return {"ms": 1e3 * statistics.median(taken[2:] or taken[1:]), "over_mb": memory_mb("VmHWM") - before}


def _ready() -> None:
    """What torch loads at the first step of any network is no matter of heads."""
    layer = torch.nn.Linear(2, 2)
    optimisers = Optimisers([ParameterGroup(layer, 1e-3)], TrainConfig())
    layer(torch.zeros(1, 2)).sum().backward()
    optimisers.step(1.0, torch.amp.GradScaler("cpu", enabled=False))


def _sparse(name: str) -> dict[str, Any]:
    inner = OPTIONS[name]["kind"] in ("convolution", "caml")
    return {"labels": {"sparse": True}} if inner else {"sparse": True}


def _page(rows: dict[tuple[str, str], list[dict[str, float]]], arguments: argparse.Namespace) -> str:
    heading = ["head", "scores", *(f"{size:,}" for size in SIZES)]
    parts = [
        "# Heads against the number of labels",
        f"One training step (forward, backward, Adam) in float32 on one thread, processor time: {DOCUMENTS} "
        f"documents, {TOKENS} states of {WIDTH} numbers each; medians of {arguments.steps} steps "
        f"after two, or of those that {PATIENCE_S} s were enough for. *all labels*: every "
        f"label is scored. *shortlist*: {POSITIVES} positives and {NEGATIVES} negatives of each document, with "
        "`sparse: true`, so that only their rows of the tables are updated. Every cell is a process of its own. A cell "
        f"for which ten times the memory of the one before it would pass {LIMIT_MB / 1000:g} GB is not run; the "
        "expected memory is given in its place.",
        where_and_when(session_facts()),
        "## Time of a step, ms\n\n" + table(heading, [[*key, *map(_time, cells)] for key, cells in rows.items()]),
        "## Memory that head and steps add, peak, MiB\n\n"
        + table(heading, [[*key, *map(_memory, cells)] for key, cells in rows.items()]),
        "With a shortlist the scores cost the same for any number of labels. What grows are the tables with their two "
        "moments of Adam, and the biases, whose gradient is dense: one number a label.",
    ]
    return "\n\n".join(parts) + "\n"


def _time(cell: dict[str, float]) -> str:
    return number(cell["ms"]) if "ms" in cell else "not run"


def _memory(cell: dict[str, float]) -> str:
    return f"{cell['over_mb']:,.0f}" if "over_mb" in cell else f"not run, about {cell['expected']:,.0f}"


if __name__ == "__main__":
    main()
