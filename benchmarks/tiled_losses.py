"""Time and memory of a step of each loss over products of vectors, in tiles of labels and with all scores at once.

    python benchmarks/tiled_losses.py                                            # on one core
    python benchmarks/tiled_losses.py --device cuda --documents 1024 --width 768 --labels 1000000

A step is the scores of all labels, the loss, and the gradients of documents and labels. Every cell is a process of its
own. Beside it stands the floor: the products of matrices that the step cannot do without, at the rate of such a product
on the same machine. Writes ``benchmarks/results/tiled_losses.{md,json}``.
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
from manylabel.core.table import section_of
from manylabel.nn.losses import LOSSES
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.tiles import Positives
from manylabel.train import tiled
from manylabel.train.products import multiply
from peers.protocol import memory_mb
from tables import number, table, where_and_when
from turns import say, session_facts

POSITIVES, SCALE = 5, 20.0
LIMIT_MB = 6_000
"""Scores of all labels are not tried where five of their size would not fit."""
PATIENCE_S = 20
TILED, DENSE = "tiled", "dense"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--documents", type=int, default=128)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--tile", type=int, default=tiled.TILE)
    parser.add_argument("--steps", type=int, default=3, help="steps that are timed, after one that is not")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--factors", choices=("float32", "bfloat16"), default="float32", help="of products in tiles")
    parser.add_argument("--losses", nargs="+", choices=list(LOSSES), default=list(LOSSES))
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--cell", nargs=3, metavar=("LOSS", "WAY", "LABELS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.cell:
        loss, way, labels = arguments.cell
        sys.stdout.write(json.dumps(_measure(loss, way, int(labels), arguments)))
        return
    cells = []
    for labels in arguments.labels:
        for kind in arguments.losses:
            for way in (TILED, DENSE):
                scores_mb = 4 * arguments.documents * labels / 1e6
                if way == DENSE and 5 * scores_mb > LIMIT_MB:
                    continue
                say(f"{kind}, {way}, {labels:,} labels ...")
                cells.append(_in_own_process(kind, way, labels, arguments))
                say(f"  {cells[-1]}")
    sizes = {name: getattr(arguments, name) for name in ("documents", "width", "tile", "device", "factors", "labels")}
    found = {"sizes": sizes, **session_facts(), "cells": cells}
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "tiled_losses.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (arguments.results / "tiled_losses.md").write_text(_page(found), encoding="utf-8")
    print(_page(found))


def _in_own_process(kind: str, way: str, labels: int, arguments: argparse.Namespace) -> dict[str, Any]:
    options = ["--documents", "--width", "--tile", "--steps", "--device", "--factors"]
    given = [part for name in options for part in (name, str(getattr(arguments, name[2:])))]
    command = [sys.executable, __file__, "--cell", kind, way, str(labels), *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {"loss": kind, "way": way, "labels": labels, **json.loads(done.stdout)}


def _measure(kind: str, way: str, n_labels: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds of a step and of its products, products of a step, and MB above what the process held before it."""
    device, random = torch.device(arguments.device), torch.Generator().manual_seed(0)
    sizes = {"documents": arguments.documents, "labels": n_labels}
    leaves = {
        name: torch.nn.functional.normalize(torch.randn(n, arguments.width, generator=random)).to(device)
        for name, n in sizes.items()
    }
    vectors, labels = (part.requires_grad_() for part in leaves.values())
    columns, order = torch.randint(0, n_labels, (arguments.documents * POSITIVES,), generator=random).sort()
    rows = torch.arange(arguments.documents).repeat_interleave(POSITIVES)[order]
    positives = Positives(rows, columns, torch.ones(len(rows)), arguments.documents).to(device)
    counts = LabelCounts(torch.randint(1, 100, (n_labels,), generator=random).float().to(device), 100_000)
    loss, factors = section_of(kind, LOSSES), getattr(torch, arguments.factors)
    assert isinstance(loss, Loss)

    def step() -> None:
        vectors.grad = labels.grad = None
        if way == TILED:
            losses = tiled.tiled_losses(
                vectors,
                labels,
                loss,
                positives,
                scale=SCALE,
                counts=counts,
                tile_size=arguments.tile,
                factors=factors,
            )
        else:
            scores = SCALE * vectors @ labels.T
            targets = torch.zeros_like(scores)
            targets[positives.rows, positives.columns] = 1.0
            losses = loss(scores, targets, labels=counts)
        losses.mean().backward()

    # The gradient of labels is there before and after; what is measured is what a step takes beside it.
    labels.grad = torch.zeros_like(labels)
    before = memory_now(device)
    walks = _walks(step)
    peak = highest_memory(device) - before
    seconds = seconds_of(step, arguments.steps, device)
    halves = [part.detach().to(factors) for part in (vectors, labels)]
    product = seconds_of(plain_products(*halves, arguments.tile), arguments.steps, device)
    return {"seconds": seconds, "walks": walks, "floor": (walks + 2) * product, "peak_mb": peak}


def _walks(step: Any) -> int:
    """How often the scores of all labels are worked out in a tiled step, which warms up by this; 1 in a dense one."""
    own, walks = tiled.ScoreTiles.__iter__, []

    def counted(tiles: tiled.ScoreTiles) -> Any:
        walks.append(tiles)
        return own(tiles)

    tiled.ScoreTiles.__iter__ = counted  # type: ignore[method-assign]
    step()
    tiled.ScoreTiles.__iter__ = own  # type: ignore[method-assign]
    return max(len(walks), 1)


def plain_products(vectors: torch.Tensor, labels: torch.Tensor, tile: int) -> Any:
    """A product of all scores, a tile at a time."""
    room = torch.empty(len(vectors) * tile, device=vectors.device)

    def products() -> None:
        for first in range(0, len(labels), tile):
            part = labels[first : first + tile]
            multiply(vectors, part.T, into=room[: len(vectors) * len(part)].view(len(vectors), len(part)))

    return products


def seconds_of(step: Any, steps: int, device: torch.device) -> float:
    """The median of some calls."""
    found: list[float] = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        found.append(time.perf_counter() - start)
        if sum(found) > PATIENCE_S:
            break
    return statistics.median(found)


def memory_now(device: torch.device) -> float:
    """MB that are held, from where the highest is counted anew."""
    if device.type == "cpu":
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return memory_mb("VmRSS")
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device) / 1e6


def highest_memory(device: torch.device) -> float:
    """MB: the highest since then."""
    return memory_mb("VmHWM") if device.type == "cpu" else torch.cuda.max_memory_allocated(device) / 1e6


def _page(found: dict[str, Any]) -> str:
    sizes, rows = found["sizes"], []
    kinds = list(dict.fromkeys(cell["loss"] for cell in found["cells"]))
    for labels in sizes["labels"]:
        for kind in kinds:
            cells = {c["way"]: c for c in found["cells"] if c["loss"] == kind and c["labels"] == labels}
            if TILED not in cells:
                continue
            own, dense = cells[TILED], cells.get(DENSE)
            rows.append(
                [
                    f"{labels:,}",
                    f"`{kind}`",
                    str(own["walks"]),
                    number(1e3 * own["seconds"]),
                    f"{own['seconds'] / own['floor']:.1f}",
                    number(own["peak_mb"]),
                    "–" if dense is None else number(1e3 * dense["seconds"]),
                    "–" if dense is None else number(dense["peak_mb"]),
                ]
            )
    header = ["labels", "loss", "walks", "tiled ms", "x floor", "tiled MB", "dense ms", "dense MB"]
    parts = [
        "# Losses in tiles of labels",
        f"A step for {sizes['documents']:,} documents of {POSITIVES} positives, vectors of {sizes['width']} numbers, "
        f"factors of products in {sizes.get('factors', 'float32')}, on {sizes['device']}: all scores, the loss, the "
        "gradients of documents and labels. *walks*: how "
        "often all scores are worked out, the one of the backward pass included. *x floor*: time beside that of "
        "the products alone, walks and the two of the gradients, at the rate of the product of scores. *MB*: by how "
        f"much the highest memory of the process rises in the step, in tiles of {sizes['tile']:,}. *dense*: all scores "
        "at once, by the same formulas; – where they would not fit, or take minutes.",
        "Cells are measured one after the other: what else the machine does tells between rows. The ratio is "
        "of one process and holds better than the times.",
        where_and_when(found),
        table(header, rows),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
