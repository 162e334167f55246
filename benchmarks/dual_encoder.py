"""Dual encoders: losses compared, with and without a memory of documents, beside a linear tree and the fused model.

    python benchmarks/dual_encoder.py --data-root DIR --data wordnet3
    python benchmarks/dual_encoder.py --data-root DIR --data llms4subjects_core --max-length 200 --free textless

Each arm trains in a process of its own; what it gave is kept in ``benchmarks/.work/dual`` and used again by calls with
the same settings and data. Writes ``benchmarks/results/dual_encoder_NAME.{md,json}``, behind NAME
"pretrained" or "frozen" and the number of documents where these are given. ``--encoder FOLDER`` takes a
pretrained transformer in place of a bag of words; with ``--device cuda`` on a GPU (not measured, no GPU).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from arms import HERE
from dual_encoder_page import page
from features import WORK, add_data_root
from kept_rows import kept_row
from manylabel import Corpus
from manylabel.data.reading import read_labels
from manylabel.metrics.evaluate import evaluate
from manylabel.models import MODELS
from manylabel.models.base import Model
from turns import command, say, session_facts

LOSSES: dict[str, Any] = {
    "bce": "bce",
    "softmax": "softmax",
    "decoupled": "decoupled-softmax",
    "soft-top-5": {"kind": "soft-top-k", "k": 5},
    "contrastive": "decoupled-contrastive",
}
FEWER: dict[str, Any] = {
    "decoupled, in batch": {"kind": "mined", "per_document": 0},
    "decoupled, mined": {"kind": "mined", "per_document": 5, "start_epoch": 2, "refresh_epochs": 3},
}
LINEAR, FUSED, FUSED_DUAL = "linear-tree", "fused", "fused with dual-encoder"
ARMS = (*LOSSES, *FEWER, LINEAR, FUSED, FUSED_DUAL)
K = 100
METRICS = ("P@1", "P@3", "P@5", "nDCG@5", "R@5", "R@100", "PSP@1", "PSP@5")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", default="wordnet3", metavar="NAME", help="folder in the data root")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS), metavar="ARM", help=", ".join(ARMS))
    parser.add_argument("--documents", type=int, default=0, help="training documents; 0 for all")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--epochs-of-fewer", type=int, default=0, help="of arms with fewer negatives; as many if 0")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--width", type=int, default=128, help="of the vectors of words")
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--max-length", type=int, default=100, help="words of a text that are read")
    parser.add_argument("--free", choices=("none", "textless", "all"), default="none", help="labels with free vectors")
    parser.add_argument("--encoder", metavar="FOLDER", help="pretrained transformer in place of a bag of words")
    parser.add_argument("--frozen", action="store_true", help="do not train it: a linear map of its vectors learns")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--minutes", type=float, default=600, help="begin no arm after so many; 0 takes what is kept")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(_measured(arguments.one, arguments)))
        return
    began, rows = time.monotonic(), {}
    for name in arguments.arms:
        late = time.monotonic() - began >= 60 * arguments.minutes
        row = kept_row(WORK / "dual", _facts(name, arguments), None if late else lambda name=name: _apart(name))
        if row is not None:
            rows[name] = row
    if not rows:
        sys.exit("no arm was run before, and none may begin")
    found = {**session_facts(), "command": command(), "settings": _shown(arguments), "rows": rows}
    arguments.results.mkdir(parents=True, exist_ok=True)
    parts = [
        "dual_encoder",
        arguments.data,
        *(["frozen"] if arguments.frozen else ["pretrained"] if arguments.encoder else []),
    ]
    stem = "_".join([*parts, *([str(arguments.documents)] if arguments.documents else [])])
    text = page(found)
    (arguments.results / f"{stem}.md").write_text(text, encoding="utf-8")
    (arguments.results / f"{stem}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(text)


def _shown(arguments: argparse.Namespace) -> dict[str, Any]:
    kept = ("data", "documents", "epochs", "epochs_of_fewer", "batch", "width", "rate", "max_length", "free", "device")
    return {name: getattr(arguments, name) for name in kept} | {
        "encoder": bool(arguments.encoder),
        "frozen": arguments.frozen,
    }


def _facts(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What decides of the row of an arm."""
    settings = _options(name, arguments)
    return {"arm": name, "options": settings, "data": arguments.data, "documents": arguments.documents}


def _apart(name: str) -> dict[str, Any] | None:
    """The row of an arm, from a process of its own; None where that failed."""
    say(f"{name} ...")
    child = subprocess.run(
        [sys.executable, *sys.argv, "--one", name], stdout=subprocess.PIPE, env=os.environ, check=False, text=True
    )
    if child.returncode:
        say(f"  {name} failed")
        return None
    return json.loads(child.stdout.strip().splitlines()[-1])


def _dual(arguments: argparse.Namespace, loss: Any, **more: Any) -> dict[str, Any]:
    """The configuration of a dual encoder."""
    read = {"kind": "transformer", "model": arguments.encoder, "max_length": arguments.max_length}
    if arguments.frozen:
        encoder: dict[str, Any] = {"kind": "sentence", "encoder": read}
        more["dimension"] = arguments.width
    elif arguments.encoder:
        encoder = {**read, "pooling": "mean"}
    else:
        words = {"width": arguments.width, "dropout": 0.0}
        encoder = {"kind": "bag", "embeddings": words, "min_count": 1, "max_length": arguments.max_length}
    return {
        "kind": "dual-encoder",
        "encoder": encoder,
        "loss": loss,
        "free_vectors": arguments.free,
        "memory": {},
        "train": {
            "epochs": arguments.epochs,
            "batch_size": arguments.batch,
            "learning_rate": arguments.rate,
            "validation": 1000,
            "device": arguments.device,
        },
        **more,
    }


def _options(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The configuration of an arm."""
    if name in LOSSES:
        return _dual(arguments, LOSSES[name])
    if name in FEWER:
        options = _dual(arguments, LOSSES["decoupled"], negatives=FEWER[name])
        if arguments.epochs_of_fewer:
            options["train"]["epochs"] = arguments.epochs_of_fewer
        return options
    if name == FUSED_DUAL:
        source = {"kind": "model", "model": {**_dual(arguments, LOSSES["decoupled"]), "memory": None}}
        return {"kind": "fused", "sources": {"dual": source}, "folds": 2}
    return {"kind": name, **({"folds": 2} if name == FUSED else {})}


def _measured(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train an arm, and measure it on the test part."""
    train, test = read_parts(arguments.data_root / arguments.data, arguments.documents)
    options = _options(name, arguments)
    model: Model = MODELS.load(options.pop("kind"))(**options)
    wall, processor = time.perf_counter(), time.process_time()
    model.fit(train)
    row: dict[str, Any] = {
        "train_seconds": time.perf_counter() - wall,
        "train_cpu_seconds": time.process_time() - processor,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "documents": len(train),
        "labels": len(train.labels),
        "labels_with_documents": int((np.bincount(train.positives.indices, minlength=len(train.labels)) > 0).sum()),
        "test_documents": len(test),
    }
    began = time.perf_counter()
    topk = model.predict(test.texts, K)
    row["predict_ms"] = (time.perf_counter() - began) / len(test) * 1000
    row["views"] = {"": _values(topk, test)}
    if getattr(model.config, "memory", None) is not None:
        row["views"]["without memory"] = _values(model.predict(test.texts, K, memory=False), test)  # type: ignore[call-arg]
        memory = model._search.memory  # type: ignore[attr-defined]
        row |= {"weight": memory.weight, "temperature": 1 / memory.scale}
    return row


def read_parts(folder: Path, documents: int = 0) -> tuple[Corpus, Corpus]:
    """Training and test part of a data set with a label file, so many documents of the first, 0 for all."""
    labels = read_labels(folder / "labels.jsonl.xz")
    train = Corpus.read(folder / "train.jsonl.xz", labels=labels, unknown_labels="keep")
    test = Corpus.read(folder / "test.jsonl.xz", labels=train.labels, unknown_labels="keep")
    if documents:
        train = train.select(np.sort(np.random.default_rng(0).permutation(len(train))[:documents]))
    return train, test


def _values(topk: Any, test: Corpus) -> dict[str, dict[str, float | None]]:
    """Metrics over all labels and over those of each group by frequency."""
    found = evaluate(topk, test, metrics=METRICS, n_bootstrap=0)
    views = {"all": found.values, **{name: group.values for name, group in found.groups.items()}}
    return {view: {metric: values[metric] for metric in METRICS} for view, values in views.items()}


if __name__ == "__main__":
    main()
