"""What clipping, averaging of weights and the schedule of the learning rate do to attention-xml, one change at a time.

    python benchmarks/attention_xml_schedule.py --data-root DIR --seeds 0 1

The base is AttentionXML's own setting without its clipping and averaging: Adam at a constant rate. Every arm has the
same documents, tree, epochs and seeds. What has run is kept in ``benchmarks/.work/attention_xml_schedule`` and used
again by a later call with the same settings. Writes ``benchmarks/results/attention_xml_schedule.{md,json}``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from statistics import mean
from typing import Any

from arms import HERE
from corpora import read_corpus, stratified
from features import add_data_root
from manylabel import AttentionXML, Corpus, evaluate
from tables import table, where_and_when
from turns import say, session_facts

WORK = HERE / ".work" / "attention_xml_schedule"
METRICS = ("P@1", "P@5", "nDCG@5", "PSP@5", "micro-F1", "macro-F1")
CONSTANT = {
    "optim": "adam", "weight_decay": 0.0, "lr_scheduler_type": "constant", "warmup_ratio": 0.0, "max_grad_norm": None,
    "learning_rate": 1e-3, "batch_size": 40, "early_stopping": "nDCG@5", "train_metrics_documents": 0,
}  # fmt: skip
SWA = {"kind": "swa", "start_epoch": 4, "every": 50}
ARMS: dict[str, dict[str, Any]] = {
    "constant rate, Adam": {},
    "adaptive clipping": {"max_grad_norm": "adaptive"},
    "clipping at 1": {"max_grad_norm": 1.0},
    "SWA from epoch 4": {"average": SWA},
    "EMA": {"average": "ema"},
    "linear rate with warm-up": {"lr_scheduler_type": "linear", "warmup_ratio": 0.06},
    "the original: adaptive clipping, SWA": {"max_grad_norm": "adaptive", "average": SWA},
}
"""Changes to the base by name, in the words of the section ``train``."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_root(parser)
    parser.add_argument("--data", default="reuters21578", metavar="NAME", help="folder in the data root")
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=8, help="of each level at most")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--length", type=int, default=60)
    parser.add_argument("--cluster-size", type=int, default=8)
    parser.add_argument("--beam-width", type=int, default=8)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no arm after so many minutes")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    everything = read_corpus(arguments.data_root / arguments.data / "train.jsonl.xz")
    train = stratified(everything, arguments.documents)
    test = read_corpus(arguments.data_root / arguments.data / "test.jsonl.xz", train)
    began, rows = time.monotonic(), {}
    for seed in arguments.seeds:
        for name, changes in ARMS.items():
            found = _row(
                options(arguments, changes, seed), train, test, late=time.monotonic() - began > 60 * arguments.minutes
            )
            if found is not None:
                say(f"{name}, seed {seed}: P@1 {100 * found['P@1']:.2f}")
                rows.setdefault(name, []).append(found)
    facts = {
        **session_facts(),
        "data": arguments.data,
        "documents": len(train),
        "epochs": arguments.epochs,
        "rows": rows,
    }
    arguments.results.mkdir(parents=True, exist_ok=True)
    text = _page(arguments, facts, len(train), len(test), len(train.labels))
    (arguments.results / "attention_xml_schedule.md").write_text(text, encoding="utf-8")
    file = arguments.results / "attention_xml_schedule.json"
    file.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(text)


def options(arguments: argparse.Namespace, changes: dict[str, Any], seed: int) -> dict[str, Any]:
    """The model of an arm."""
    return {
        "encoder": {
            "kind": "bilstm", "hidden_dim": arguments.width, "max_length": arguments.length, "dropout": 0.2,
            "embeddings": {"width": 50, "sparse": True},
        },
        "head": {"kind": "label-attention", "output": "shared", "hidden_dims": [arguments.width], "dropout": 0.0},
        "clustering": {"cluster_size": arguments.cluster_size},
        "beam_width": arguments.beam_width,
        "train": {**CONSTANT, "epochs": arguments.epochs, **changes},
        "seed": seed,
    }  # fmt: skip


def _row(wanted: dict[str, Any], train: Corpus, test: Corpus, *, late: bool) -> dict[str, float] | None:
    """Metrics and seconds of one training; None where it has not run and it is too late to begin."""
    asked = {"options": wanted, "train": train.digest(), "test": test.digest()}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    file = WORK / f"{digest}.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    if late:
        return None
    began = time.process_time()
    model = AttentionXML(**wanted).fit(train)
    seconds = time.process_time() - began
    found = evaluate(model.predict(test.texts, 10), test, metrics=list(METRICS), n_bootstrap=0)
    row = {"cpu_seconds": seconds, **{name: float(found[name]) for name in METRICS}}
    WORK.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return row


def _page(arguments: argparse.Namespace, facts: dict[str, Any], n_train: int, n_test: int, n_labels: int) -> str:
    rows = []
    for name, runs in facts["rows"].items():
        cells = [f"{100 * mean(run[metric] for run in runs):.2f}" for metric in METRICS]
        spread = 100 * (max(run["P@1"] for run in runs) - min(run["P@1"] for run in runs))
        rows.append([name, str(len(runs)), *cells, f"{spread:.2f}", f"{mean(run['cpu_seconds'] for run in runs):.0f}"])
    parts = [
        f"# Clipping, averaging and schedule of attention-xml on {facts['data']}",
        f"{n_train:,} training and {n_test:,} test documents, {n_labels} labels; a BiLSTM of {arguments.width} numbers "
        f"over the first {arguments.length} words, clusters of {arguments.cluster_size}, a beam of "
        f"{arguments.beam_width}, at most {arguments.epochs} epochs for each level, batches of 40, the best epoch by "
        "nDCG@5 on a tenth of the documents. One change to the first row at a time, in % on the test part.",
        where_and_when(facts),
        table(["arm", "seeds", *METRICS, "P@1, largest less smallest", "cpu-s"], rows),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
