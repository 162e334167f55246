"""Time and recall of a memory of documents and labels: all keys looked at, and found by graphs.

    python benchmarks/key_memory.py

Made-up vectors in clusters, ten thousand to 300 thousand. Every size is a process of its own, on one thread. Writes
``benchmarks/results/key_memory.{md,json}``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from arms import HERE
from manylabel.combine.key_memory import KeyMemory
from manylabel.combine.nearest_approximate_config import ApproximateConfig
from tables import number, table, where_and_when
from turns import say, session_facts

LABELS_OF_KEYS, LABELS_A_DOCUMENT = 0.2, 5
NEIGHBOURS, SCALE, LISTED = 200, 25.0, 10
NOISE = 1.0
"""Length of what is added to a cluster's centre, which has length 1, on average."""
TOGETHER, ALONE = 512, 100
EFFORTS = (256, 512, 1024)
TIMES = ("search_ms", "together_ms", "alone_ms")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
STEEPER = 1.3
"""How many times more than the number of keys says the making of a graph takes, at most, from one size to the next."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", nargs="+", type=int, default=[10_000, 30_000, 100_000, 300_000])
    parser.add_argument("--widths", nargs="+", type=int, default=[64, 384])
    parser.add_argument("--patience", type=float, default=900.0, help="seconds that making the graphs may take")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--cell", nargs=3, metavar=("KEYS", "WIDTH", "GRAPHS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.cell:
        keys, width, graphs = map(int, arguments.cell)
        sys.stdout.write(json.dumps(_measure(keys, width, graphs=bool(graphs))))
        return
    cells = [cell for width in arguments.widths for cell in _of_width(width, arguments)]
    found = {**session_facts(), "cells": cells}
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "key_memory.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (arguments.results / "key_memory.md").write_text(_page(found), encoding="utf-8")
    print(_page(found))


def _of_width(width: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    for keys in sorted(arguments.keys):
        expected = 0.0
        if cells:
            before = cells[-1]
            expected = STEEPER * keys / before["keys"] * before.get("build_s", before["expected_s"])
        graphs = expected <= arguments.patience
        say(f"{keys:,} keys of {width} numbers" + ("" if graphs else ", without graphs") + " ...")
        command = [sys.executable, __file__, "--cell", str(keys), str(width), str(int(graphs))]
        environment = {**os.environ, **ONE_THREAD}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
        cells.append({"keys": keys, "width": width, "expected_s": expected, **json.loads(done.stdout)})
        say(f"  {cells[-1]}")
    return cells


def _measure(keys: int, width: int, *, graphs: bool) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    n_labels = int(LABELS_OF_KEYS * keys)
    n = keys - n_labels
    centres = _unit(rng.normal(size=(int(keys**0.5), width)))
    documents, labels, queries = (_near(rng, centres, count) for count in (n, n_labels, TOGETHER))
    columns = rng.integers(n_labels, size=n * LABELS_A_DOCUMENT)
    indptr = np.arange(0, n * LABELS_A_DOCUMENT + 1, LABELS_A_DOCUMENT)
    positives = csr_matrix((np.ones(len(columns), bool), columns, indptr), shape=(n, n_labels))
    memory = KeyMemory.of(documents, positives, labels, scale=SCALE, neighbours=NEIGHBOURS)
    found: dict[str, Any] = {"exact": _times(memory, queries)}
    if not graphs:
        return found
    began = time.process_time()
    quick = memory.with_graphs(ApproximateConfig())
    found["build_s"] = time.process_time() - began
    own = {"document_graph": quick.document_graph, "label_graph": quick.label_graph}
    found["graph_mb"] = sum(len(graph.to_arrays()["graph"]) for graph in own.values() if graph is not None) / 1e6
    for effort in EFFORTS:
        for graph in own.values():
            assert graph is not None
            graph.graph.hnsw.efSearch = effort
        found[str(effort)] = {
            **_times(quick, queries),
            "recall": quick.recall(queries),
            **_same(memory, quick, queries),
        }
    return found


def _near(rng: np.random.Generator, centres: np.ndarray, count: int) -> np.ndarray:
    """Vectors of unit length around centres that are drawn at random."""
    noise = rng.normal(size=(count, centres.shape[1])) * (NOISE / centres.shape[1] ** 0.5)
    return _unit(centres[rng.integers(len(centres), size=count)] + noise)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _times(memory: KeyMemory, queries: np.ndarray) -> dict[str, float]:
    """Milliseconds of processor time a query, of many at once and of one alone."""
    memory.best(queries[:2], LISTED)  # compiles, and reads the keys once
    search = _seconds(lambda: memory._nearest(queries))
    together = _seconds(lambda: memory.best(queries, LISTED))
    alone = [_seconds(lambda row=row: memory.best(queries[row : row + 1], LISTED)) for row in range(ALONE)]
    per_query = {"search_ms": 1e3 * search / len(queries), "together_ms": 1e3 * together / len(queries)}
    return {**per_query, "alone_ms": 1e3 * statistics.median(alone)}


def _same(memory: KeyMemory, quick: KeyMemory, queries: np.ndarray) -> dict[str, float]:
    """The share of the labels answered that looking at all keys answers too."""
    one, other = memory.best(queries, LISTED)[0], quick.best(queries, LISTED)[0]
    return {"same_labels": float(np.mean([np.isin(a, b).mean() for a, b in zip(one, other, strict=True)]))}


def _seconds(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def _page(found: dict[str, Any]) -> str:
    header = ["keys", "numbers", "search", f"ms to search, {TOGETHER} at once", "ms to answer", "ms, one alone"]
    header += ["nearest keys found, %", f"same {LISTED} labels, %", "graphs made in s", "graphs, MB"]
    parts = [
        "# A memory of documents and labels: all keys looked at, and found by graphs",
        f"`KeyMemory.best`: the {LISTED} best labels of a query by its {NEIGHBOURS} nearest keys, 1/tau {SCALE:g}. "
        f"Made-up unit vectors: a centre, of as many as the root of the number of keys, and noise as long as it; "
        f"{LABELS_OF_KEYS:.0%} of the keys are labels, the others documents with {LABELS_A_DOCUMENT} labels drawn at "
        "random; queries are made like them. One thread, processor time. *to search* finds the nearest keys, *to "
        f"answer* is all of it; *one alone* is the median of {ALONE}. Graphs: HNSW with {ApproximateConfig().links} "
        f"links, ef_construction {ApproximateConfig().ef_construction}, "
        f"one graph of documents and one of labels; *hnsw N* is its ef_search. "
        "*graphs, MB* is what a run holds beside the vectors, 10^6 bytes; in memory there is a copy of these as well.",
        where_and_when(found),
        table(header, [row for cell in found["cells"] for row in _rows(cell)]),
        "Each size is a process of its own. Where the making of the graphs was expected to take longer than "
        "`--patience` seconds, they were not made.",
    ]
    return "\n\n".join(parts) + "\n"


def _rows(cell: dict[str, Any]) -> list[list[str]]:
    start = [f"{cell['keys']:,}", str(cell["width"])]
    exact = cell["exact"]
    rows = [[*start, "all", *(number(exact[name]) for name in TIMES), "100", "100", "", ""]]
    if "build_s" not in cell:
        return [*rows, [*start, "hnsw", f"not run, about {cell['expected_s']:,.0f} s to make", *[""] * 6]]
    for effort in EFFORTS:
        own = cell[str(effort)]
        shares = [f"{100 * own[name]:.1f}" for name in ("recall", "same_labels")]
        times = [number(own[name]) for name in TIMES]
        rows.append([*start, f"hnsw {effort}", *times, *shares, number(cell["build_s"]), number(cell["graph_mb"])])
    return rows


if __name__ == "__main__":
    main()
