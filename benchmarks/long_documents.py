"""Long documents: an encoder of 512 tokens over windows beside the same one on the first tokens, at equal cost.

    python benchmarks/long_documents.py --data-root DIR --encoder MINILM_FOLDER
    python benchmarks/long_documents.py --data-root DIR --spans      # cost per token of encoders of long documents

On a GPU, with all documents, nothing frozen, and weights of the long encoders from the hub:

    python benchmarks/long_documents.py --data-root DIR --encoder MINILM_FOLDER --documents 0 --epochs 10 --frozen 0
    manylabel train configs/bigbird-label-attention.yaml --run runs/bigbird      # modernbert-label-attention alike

Writes ``benchmarks/results/long_documents.{md,json}`` and ``long_spans.{md,json}``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from arms import HERE
from corpora import read_corpus, stratified
from features import WORK, add_data_root
from kept_states import shared_states
from long_spans import measure_spans, spans_page
from manylabel import Corpus, Network
from manylabel.core.progress import Advance, Silent
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from tables import number, table, where_and_when
from turns import say, session_facts

WINDOW, WINDOWS, STRIDE = 128, 6, 96
BASE = "first 256 tokens"
SOME = 60
"""Documents whose prediction is timed, with all layers run."""
METRICS = ("P@1", "P@3", "P@5", "R@5", "nDCG@5", "micro-F1")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", default="eurlex57k", metavar="NAME", help="folder in the data root")
    parser.add_argument("--encoder", type=Path, help="folder of an encoder of 512 tokens")
    parser.add_argument("--documents", type=int, default=2000, help="training documents, stratified; 0 for all")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--frozen", type=int, default=5, help="lower layers that stay as they are")
    parser.add_argument("--arms", nargs="+", metavar="ARM", help="names of arms; all by default")
    parser.add_argument("--spans", action="store_true", help="measure the cost per token of long encoders instead")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    if arguments.spans:
        found = {**session_facts(), "cells": measure_spans()}
        _write(arguments.results, "long_spans", found, spans_page(found))
        return
    if arguments.encoder is None:
        parser.error("name the folder of an --encoder")
    arms = _arms(arguments)
    for name in arguments.arms or ():
        if name not in arms:
            parser.error(f"no arm {name!r}; known are {', '.join(arms)}")
    parts = _parts(arguments)
    rows = [_run(name, arms[name], parts, arguments) for name in arguments.arms or arms]
    sizes = {name: len(part) for name, part in parts.items()}
    given = {"data": arguments.data, "epochs": arguments.epochs, "frozen": arguments.frozen}
    found = {**session_facts(), **given, "documents": sizes, "labels": parts["train"].n_labels, "rows": rows}
    _write(arguments.results, "long_documents", found, _page(found))


def _write(folder: Path, name: str, found: dict[str, Any], page: str) -> None:
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(page, encoding="utf-8")
    print(page)


def _parts(arguments: argparse.Namespace) -> dict[str, Corpus]:
    """Training, validation and test part."""
    folder = arguments.data_root / arguments.data
    train = read_corpus(folder / "train.jsonl.xz")
    parts = {"train": train, "validation": read_corpus(folder / "dev.jsonl.xz", train)}
    parts["test"] = read_corpus(folder / "test.jsonl.xz", train)
    if not arguments.documents:
        return parts
    shares = {"train": 1.0, "validation": 1 / 6, "test": 1 / 2}
    return {name: stratified(part, round(shares[name] * arguments.documents)) for name, part in parts.items()}


def _arms(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Encoder and head by name. Two windows in a step are as many tokens as the first 256."""
    frozen = {"frozen_layers": arguments.frozen, "cache_states": True} if arguments.frozen else {}
    reader = {"kind": "transformer", "model": str(arguments.encoder), "pooling": "mean", **frozen}
    labels = {"kind": "label-attention", "dropout": 0.1}

    def first(tokens: int, head: Any = "linear") -> dict[str, Any]:
        return {"encoder": {**reader, "max_length": tokens}, "head": head}

    def windows(drawn: int | None, head: Any = "linear", **more: Any) -> dict[str, Any]:
        sizes = {"window": WINDOW, "stride": STRIDE, "max_windows": WINDOWS, "training_windows": drawn}
        return {"encoder": {"kind": "windows", "encoder": reader, **sizes, **more}, "head": head}

    return {
        "first 128 tokens": first(128),
        BASE: first(256),
        "first 512 tokens": first(512),
        f"{WINDOWS} windows, 2 of them in a step": windows(2),
        f"{WINDOWS} windows, all in a step": windows(None),
        f"{WINDOWS} windows that see each other, 2 of them in a step": windows(2, attention_layers=1),
        "first 256 tokens, label attention": first(256, labels),
        f"{WINDOWS} windows, 2 of them in a step, label attention over tokens": windows(2, labels, states="tokens"),
    }


class _FirstEpoch(Silent):
    """Notes when training begins, after everything has been read."""

    began = 0.0

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        """Count nothing; see :class:`Silent`."""
        if description.startswith("epoch") and not self.began:
            self.began = time.process_time()
        with super().task(description, total) as advance:
            yield advance


def _run(name: str, arm: dict[str, Any], parts: dict[str, Corpus], arguments: argparse.Namespace) -> dict[str, Any]:
    """What an arm gave in an earlier call with the same settings, or gives now."""
    facts = [arm, arguments.epochs, arguments.frozen, {part: own.digest() for part, own in parts.items()}]
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    file = WORK / "long-rows" / f"{key}.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    row = _measured(name, arm, parts, arguments)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return row


def _measured(
    name: str, arm: dict[str, Any], parts: dict[str, Corpus], arguments: argparse.Namespace
) -> dict[str, Any]:
    say(f"{name} ...")
    train = {
        "epochs": arguments.epochs, "batch_size": 16, "learning_rate": 3e-4 if arguments.frozen else 1e-4,
        "head_learning_rate": 5e-3, "bf16": True, "train_metrics_documents": 0,
        "early_stopping": {"metric": "nDCG@5", "patience": None},
    }  # fmt: skip
    with shared_states(WORK / "states", arguments.encoder, arguments.frozen) if arguments.frozen else nullcontext():
        watch, model = _FirstEpoch(), Network(seed=0, train=train, **arm)
        model.validate_on(parts["validation"])
        model.fit(parts["train"], progress=watch)
        seconds = time.process_time() - watch.began
        topk = model.predict(parts["test"].texts, 100)
    some = parts["test"].texts[:SOME]
    began = time.process_time()
    model.predict(some, 100)
    predicting = time.process_time() - began
    assert topk.labels is not None
    settings = Settings(metrics=METRICS, n_bootstrap=1000)
    evaluation = (
        Evaluator(topk.labels, settings, test_labels=parts["test"].labels)
        .update(topk, parts["test"].positives, None)
        .result()
    )
    row = {"arm": name, "train_cpu_seconds": seconds, "predict_cpu_ms": 1000 * predicting / len(some)}
    say(f"  {seconds:.0f} cpu-s, P@1 {100 * evaluation.values['P@1']:.1f}")
    return {**row, **evaluation.values, "interval": list(evaluation.intervals["P@1"])}


def _page(found: dict[str, Any]) -> str:
    rows = found["rows"]
    sizes, header = found["documents"], ["arm", *METRICS, "P@1, 95 %", "train cpu-s", "x first 256", "predict ms"]
    base = next((row["train_cpu_seconds"] for row in rows if row["arm"] == BASE), None)
    cells = []
    for row in rows:
        low, high = row["interval"]
        ratio = "" if base is None else f"{row['train_cpu_seconds'] / base:.2f}"
        quality = [f"{100 * row[name]:.1f}" for name in METRICS]
        costs = [number(row["train_cpu_seconds"]), ratio, number(row["predict_cpu_ms"])]
        cells.append([row["arm"], *quality, f"{100 * low:.1f} to {100 * high:.1f}", *costs])
    frozen = f"the embeddings and {found['frozen']} layers frozen, their states kept" if found["frozen"] else "tuned"
    parts = [
        f"# Long documents: {found['data']}",
        f"{sizes['train']:,} training, {sizes['validation']:,} validation and {sizes['test']:,} test documents, "
        f"stratified; {found['labels']:,} labels. The encoder ({frozen}) reads the first tokens, or up to {WINDOWS} "
        f"windows of {WINDOW} tokens that begin {STRIDE} apart, and attends over them; mean over tokens, "
        f"{found['epochs']} epochs, bfloat16, the best epoch by nDCG@5, one seed.",
        where_and_when(found),
        table(header, cells),
        "*train cpu-s* counts from the first epoch on, without the frozen layers, whose states are made once; *predict "
        "ms*: processor time of one document through all layers. Equal cost are *first 256 tokens* and *2 of them in a "
        "step*: as many tokens pass through what is trained. 95 %: over test documents.",
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
