"""EUR-Lex-57K on a GPU: AttentionXML over a BiLSTM and a transformer, flat label attention, and a linear tree.

    python benchmarks/attention_xml_gpu.py --data-root DIR --encoder BERT_FOLDER --vectors FILE

Not measured, no GPU: this project has no machine with one, and no result of this script is in ``results``. It was run
on a CPU on a few documents only (``--documents 300 --epochs 1 --device cpu``), to see that it works.

Full documents, the settings that are published for each network (LibMultiLabel's configurations of EUR-Lex and
EUR-Lex-57k), the best epoch by the metric that stands there on the development part. ``--vectors``: GloVe as text (they
have glove.840B.300d and glove.6B.200d). Every arm is a process of its own. Writes
``RESULTS/attention_xml_gpu.{md,json}``, with the published figures beside ours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from arms import HERE
from corpora import read_corpus
from features import add_data_root
from manylabel import Corpus, evaluate
from manylabel.models import MODELS
from peers.protocol import memory_mb
from tables import number, table, where_and_when
from turns import say, session_facts

METRICS = ("P@1", "P@3", "P@5", "RP@5", "nDCG@5", "PSP@5", "micro-F1", "macro-F1")
SEED = 1337  # of LibMultiLabel's configurations
PUBLISHED = {
    "bigru": "P@1 90.73, P@5 67.08, 3 h 20 min",
    "bert": "P@1 89.98, P@5 67.85, 9 h",
    "linear-tree": "P@1 90.77, P@3 80.81, P@5 67.82, 263 s",
}
"""Of LibMultiLabel, on machines of its own."""


def _training(arguments: argparse.Namespace, epochs: int, metric: str, patience: int, **more: Any) -> dict[str, Any]:
    return {
        "epochs": arguments.epochs or epochs, "early_stopping": {"metric": metric, "patience": patience},
        "lr_scheduler_type": "constant", "warmup_ratio": 0.0, "max_grad_norm": None, "train_metrics_documents": 0,
        "device": arguments.device, "bf16": arguments.bf16, "optim": "adam", "weight_decay": 0.0, **more,
    }  # fmt: skip


def _words(arguments: argparse.Namespace, **more: Any) -> dict[str, Any]:
    vectors = {"vectors": str(arguments.vectors)} if arguments.vectors else {"width": 200}
    return {"min_count": 1, "max_length": 500, "embeddings": {**vectors, **more}}


def _attention_network(arguments: argparse.Namespace) -> dict[str, Any]:
    """Of example_config/EUR-Lex/attentionxml.yml; vectors stay as they are where there is a file of them."""
    words = _words(arguments, dropout=0.2, trained=arguments.vectors is None)
    return {
        "encoder": {"kind": "bilstm", "hidden_dim": 512, "dropout": 0.5, **words},
        "head": {"kind": "label-attention", "output": "shared", "hidden_dims": [256], "dropout": 0.0},
        "train": _training(arguments, 30, "nDCG@5", 30, batch_size=40, learning_rate=1e-3),
    }


def _transformer(arguments: argparse.Namespace, **head: Any) -> dict[str, Any]:
    """Of example_config/EUR-Lex-57k/bert_lwan.yml."""
    more = {"batch_size": 8, "learning_rate": 5e-5, "optim": "adamw", "weight_decay": 0.001}
    return {
        "encoder": {"kind": "transformer", "model": str(arguments.encoder)},
        "head": {"kind": "label-attention", "dropout": 0.1, **head},
        "train": _training(arguments, 15, "RP@5", 5, **more),
    }


def _bigru(arguments: argparse.Namespace) -> dict[str, Any]:
    """Of example_config/EUR-Lex-57k/bigru_lwan.yml."""
    return {
        "kind": "network",
        "encoder": {"kind": "bigru", "hidden_dim": 256, "dropout": 0.2, **_words(arguments, dropout=0.4)},
        "head": {"kind": "label-attention", "dropout": 0.0},
        "train": _training(arguments, 50, "RP@5", 10, batch_size=16, learning_rate=3e-4),
    }


TREE = {"kind": "attention-xml", "clustering": {"cluster_size": 8}, "beam_width": 64}
ARMS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "attention-xml": lambda a: {**TREE, **_attention_network(a)},
    "bilstm": lambda a: {"kind": "network", **_attention_network(a)},
    "bigru": _bigru,
    "bert": lambda a: {"kind": "network", **_transformer(a)},
    "attention-xml-bert": lambda a: {**TREE, **_transformer(a, output="shared", hidden_dims=[256])},
    "linear-tree": lambda a: {"kind": "linear-tree"},
}
OF_A_FOLDER = ("bert", "attention-xml-bert")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", default="eurlex57k", metavar="NAME", help="folder with train, dev and test")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS), metavar="ARM", help=", ".join(ARMS))
    parser.add_argument("--encoder", type=Path, metavar="FOLDER", help="saved transformer, e.g. bert-base-uncased")
    parser.add_argument("--vectors", type=Path, metavar="FILE", help="word vectors as text; random ones by default")
    parser.add_argument("--documents", type=int, default=0, help="the first so many of each part; 0 for all")
    parser.add_argument("--epochs", type=int, help="in place of those published")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where that is enough")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--cell", nargs=2, metavar=("ARM", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: there is no GPU")
    if arguments.encoder is None and set(arguments.arms) & set(OF_A_FOLDER):
        parser.error(f"{' and '.join(OF_A_FOLDER)} need the folder of an --encoder; or leave them out with --arms")
    if arguments.cell:
        name, file = arguments.cell
        Path(file).write_text(json.dumps(_measured(name, arguments)), encoding="utf-8")
        return
    rows = {name: _run(name) for name in arguments.arms}
    gpu = torch.cuda.get_device_name() if arguments.device == "cuda" else None
    facts = {**session_facts(), "data": arguments.data, "gpu": gpu, "epochs": arguments.epochs, "arms": rows}
    text = _page(facts)
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "attention_xml_gpu.md").write_text(text, encoding="utf-8")
    (arguments.results / "attention_xml_gpu.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(text)


def _run(name: str) -> dict[str, Any]:
    """Measure an arm in a process of its own, with the options of this one."""
    say(f"{name} ...")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--cell", name, str(file)], check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def _measured(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train, predict and evaluate one arm."""
    folder = arguments.data_root / arguments.data
    train = _part(folder / "train.jsonl.xz", arguments.documents)
    validation, test = (_part(folder / f"{part}.jsonl.xz", arguments.documents, train) for part in ("dev", "test"))
    options = ARMS[name](arguments)
    model = MODELS.load(options["kind"])(**{key: value for key, value in options.items() if key != "kind"}, seed=SEED)
    if options["kind"] != "linear-tree":
        model.validate_on(validation)
    before = memory_mb("VmRSS")
    began = time.perf_counter()
    model.fit(train)
    trained = time.perf_counter() - began
    peak, gpu = memory_mb("VmHWM"), _gpu_peak_mb()
    began = time.perf_counter()
    top = model.predict(list(test.texts), 100)
    predicted = time.perf_counter() - began
    return {
        "options": {key: value for key, value in options.items() if key not in ("encoder",)},
        "documents": {"train": len(train), "validation": len(validation), "test": len(test)},
        "labels": train.n_labels,
        "train_seconds": trained,
        "predict_seconds": predicted,
        "peak_host_mb": peak,
        "host_over_start_mb": peak - before,
        "peak_gpu_mb": gpu,
        "metrics": dict(evaluate(top, test, metrics=list(METRICS), n_bootstrap=0).values),
    }


def _part(file: Path, documents: int, train: Corpus | None = None) -> Corpus:
    part = read_corpus(file, train)
    return part.select(range(min(documents, len(part)))) if documents else part


def _gpu_peak_mb() -> float | None:
    """The most that tensors have taken of the GPU; None without one."""
    return torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else None


def _page(facts: dict[str, Any]) -> str:
    rows = []
    for name, row in facts["arms"].items():
        values = [f"{100 * row['metrics'][metric]:.2f}" for metric in METRICS]
        gpu = "–" if row["peak_gpu_mb"] is None else number(row["peak_gpu_mb"])
        costs = [number(row["train_seconds"]), number(row["predict_seconds"]), gpu, number(row["peak_host_mb"])]
        rows.append([name, *values, *costs, PUBLISHED.get(name, "–")])
    first = next(iter(facts["arms"].values()))
    sizes = first["documents"]
    given = "the epochs published" if facts["epochs"] is None else f"{facts['epochs']} epoch(s)"
    warning = "" if facts["gpu"] else " On a CPU: this shows that the script runs, its numbers are no comparison."
    heading = ["arm", *METRICS, "train s", "predict s", "peak GPU MiB", "peak host MiB", "published (LibMultiLabel)"]
    parts = [
        f"# AttentionXML on {facts['data']}, {facts['gpu'] or 'CPU'}",
        f"{sizes['train']:,} training, {sizes['validation']:,} validation and {sizes['test']:,} test documents, "
        f"{first['labels']:,} labels; {given}, one run of each arm.{warning}",
        where_and_when(facts),
        table(heading, rows),
        "Per cent; *train s* from texts to the model with the weights of its best epoch. Published times are of other "
        "machines.",
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
