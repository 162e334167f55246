"""Rates of attention-xml by number of labels and by beam width, on generated documents, beside what they must cost.

    python benchmarks/attention_xml_throughput.py

Every cell is a process of its own. Writes ``benchmarks/results/attention_xml_throughput.{md,json}``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from arms import HERE
from attention_xml_floor import FORMULAS, floor
from tables import number, table, where_and_when
from turns import say, session_facts

SIZES = (4_096, 16_384, 65_536, 262_144, 1_048_576)
BEAMS = (8, 16, 32, 64, 128)
BEAM = 64
RUNNER = HERE / "peers" / "run_attention_xml_generated.py"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", nargs="+", type=int, default=list(SIZES), help="with a beam of 64 clusters")
    parser.add_argument("--beams", nargs="+", type=int, default=list(BEAMS))
    parser.add_argument("--beam-labels", type=int, default=65_536, help="labels of the runs with other beams")
    parser.add_argument("--profile-labels", type=int, default=65_536, help="labels of the run that is profiled")
    parser.add_argument("--documents", type=int, default=4_000)
    parser.add_argument("--profile-documents", type=int, default=640)
    parser.add_argument("--predicted", type=int, default=2_000, help="documents of the prediction")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    cells: dict[tuple[int, int], dict[str, Any]] = {}
    for labels, beam in [(n, BEAM) for n in arguments.labels] + [(arguments.beam_labels, b) for b in arguments.beams]:
        if (labels, beam) not in cells:
            cells[labels, beam] = _run(arguments, labels, beam, arguments.documents)
    profile = _run(arguments, arguments.profile_labels, BEAM, arguments.profile_documents, "--profile")
    facts = {
        **session_facts(),
        "threads": arguments.threads,
        "batch": arguments.batch,
        "width": arguments.width,
        "cells": list(cells.values()),
        "profile": profile,
    }
    text = _page(
        facts, [cells[n, BEAM] for n in arguments.labels], [cells[arguments.beam_labels, b] for b in arguments.beams]
    )
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "attention_xml_throughput.md").write_text(text, encoding="utf-8")
    (arguments.results / "attention_xml_throughput.json").write_text(
        json.dumps(facts, indent=1) + "\n", encoding="utf-8"
    )
    print(text)


def _run(arguments: argparse.Namespace, labels: int, beam: int, documents: int, *more: str) -> dict[str, Any]:
    say(f"{labels:,} labels, beam of {beam} {' '.join(more)} ...")
    command = [sys.executable, str(RUNNER), str(labels), str(beam), "--documents", str(documents), *more]
    command += [
        "--predicted",
        str(arguments.predicted),
        "--batch",
        str(arguments.batch),
        "--width",
        str(arguments.width),
    ]
    environment = os.environ | {"BENCHMARK_THREADS": str(arguments.threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def _page(facts: dict[str, Any], by_labels: list[dict[str, Any]], by_beam: list[dict[str, Any]]) -> str:
    first = by_labels[0]
    parts = [
        "# Rates of attention-xml",
        f"Generated documents of {first['tokens']:.1f} words and 5 labels drawn from all; {first['documents']:,} to "
        f"train on, {first['predicted']:,} to predict for. BiLSTM of {facts['width']} numbers over vectors of 100, a "
        f"shared hidden layer of {facts['width']}, batches of {facts['batch']}, {facts['threads']} thread(s), float32. "
        "One epoch a level and no validation, so that rates are those of training steps. Labels without documents, the "
        "most part of them, are spread over the tree. Every row is a process of its own.",
        where_and_when(facts),
        "## By number of labels\n\n" + _rates(by_labels),
        f"## By beam width, {by_beam[0]['labels']:,} labels\n\n" + _rates(by_beam),
        "*train* counts one epoch of every level; *clusters* and *candidates* (the search of the levels above for all "
        "training documents) come once. *over start*: peak memory until the end of training less what the process had "
        "before, the documents included in neither.",
        "## What a document must cost\n\n" + FORMULAS,
        _floors(facts, by_labels),
        f"## Operations of a training step, {facts['profile']['labels']:,} labels\n\n" + _profile(facts["profile"]),
    ]
    return "\n\n".join(parts) + "\n"


def _rates(cells: list[dict[str, Any]]) -> str:
    rows = []
    for cell in cells:
        n, epochs = cell["documents"], cell["epochs_seconds"]
        train, predict = n / sum(epochs), cell["predicted"] / cell["predict_seconds"]
        rows.append(
            [
                " > ".join(f"{nodes:,}" for nodes in cell["nodes"]),
                str(cell["beam_width"]),
                " / ".join(number(n / seconds) for seconds in epochs),
                number(train),
                number(train * cell["tokens"]),
                number(cell["clusters_seconds"]),
                number(cell["candidates_seconds"]),
                number(predict),
                number(predict * cell["tokens"]),
                f"{cell['peak_mb']:,.0f}",
                f"{cell['over_start_mb']:,.0f}",
            ]
        )
    heading = ["nodes", "beam", "train documents/s by level", "train documents/s", "tokens/s", "clusters s",
               "candidates s", "predict documents/s", "tokens/s", "peak MiB", "over start MiB"]  # fmt: skip
    return table(heading, rows)


def _floors(facts: dict[str, Any], cells: list[dict[str, Any]]) -> str:
    rows = []
    for cell in cells:
        for level, seconds in enumerate(cell["epochs_seconds"]):
            least = floor(cell, level, width=facts["width"], vector=100, batch=facts["batch"])
            taken = seconds / cell["documents"]
            rows.append(
                [
                    f"{cell['labels']:,}",
                    str(level),
                    f"{least.candidates:,}",
                    *(f"{flops / 1e6:.2f}" for flops in least.flops.values()),
                    f"{least.bytes_moved / 1e6:.2f}",
                    f"{1e3 * taken:.2f}",
                    number(least.total / taken / 1e9),
                    f"{100 * least.total / taken / cell['gemm']:.0f} %",
                ]
            )
    kinds = floor(cells[0], 0, width=facts["width"], vector=100, batch=facts["batch"]).flops
    heading = ["labels", "level", "candidates", *(f"{kind} MFLOP" for kind in kinds), "MB moved", "measured ms",
               "GFLOP/s", "of a product"]  # fmt: skip
    rates = [cell["gemm"] / 1e9 for cell in cells]
    return table(heading, rows) + (
        f"\n\nOf one document and one training step. *of a product*: beside the rate of a plain product of float32 "
        f"matrices of 1,024 x 1,024, measured in the same processes: {min(rates):.0f} to {max(rates):.0f} GFLOP/s."
    )


def _profile(profile: dict[str, Any]) -> str:
    parts = []
    for level, found in enumerate(profile["levels"]):
        rows = [
            [f"`{entry['operation']}`", f"{100 * entry['share']:.1f} %", f"{entry['calls']:,}"]
            for entry in found["operations"]
        ]
        each = 1e3 * found["self_cpu_seconds"] / found["documents"]
        parts.append(
            f"Level {level}, {found['documents']:,} documents, {each:.2f} ms of each under the profiler:\n\n"
            + table(["operation", "self CPU time", "calls"], rows)
        )
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
