"""A classifier of each label for very many labels: moved tile by tile in place, beside the plain head under Adam.

    python benchmarks/tiled_linear.py
    python benchmarks/tiled_linear.py --data-root DIR --data wordnet3 --documents 20000

Without data: time and memory of a training step against the number of labels, each cell in a process of its own.
With data: a bag of words under both heads, trained and measured. Writes ``benchmarks/results/tiled_linear.{md,json}``
or ``tiled_linear_NAME.{md,json}``. ``--device cuda --documents 1024 --width 768`` on a GPU (not measured, no GPU).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from arms import HERE
from dual_encoder import read_parts
from manylabel import Network
from manylabel.core.table import section_of
from manylabel.metrics.evaluate import evaluate
from manylabel.nn.encoders.vectors import PooledVectors
from manylabel.nn.heads import HEADS
from manylabel.nn.inputs import Inputs
from manylabel.nn.losses import LOSSES
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Examples, Trainable
from manylabel.train.config import TrainConfig
from manylabel.train.optimisers import Optimisers
from manylabel.train.task import Measured, ParameterGroup
from manylabel.train.tiled_classification import classification_of
from tables import number, table, where_and_when
from tiled_losses import highest_memory, memory_now, plain_products, seconds_of
from turns import command, say, session_facts

POSITIVES = 5
LIMIT_MB = 8_000
"""A cell is not tried where its scores, a few times, and what it keeps of each classifier would not fit."""
PRODUCTS = 4
"""Of a step in tiles: scores forward and again backward, the gradients of documents and classifiers."""
HEADS_OF_CELLS: dict[str, dict[str, Any]] = {
    "linear, adamw": {"kind": "linear", "dropout": 0.0},
    "linear, sgd": {"kind": "linear", "dropout": 0.0},
    "tiled-linear": {"kind": "tiled-linear", "dropout": 0.0},
    "tiled-linear, bfloat16": {"kind": "tiled-linear", "dropout": 0.0, "precision": "bfloat16"},
}
KEPT_BYTES = {"linear, adamw": 16, "linear, sgd": 12, "tiled-linear": 8, "tiled-linear, bfloat16": 4}
"""Of a number of the classifiers: itself, gradient, moments."""
LOSS = {"kind": "bce", "reduction": "sum"}
METRICS = ("P@1", "P@3", "P@5", "nDCG@5", "PSP@5", "R@5")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, help="folder with the data sets")
    parser.add_argument("--data", metavar="NAME", help="folder in the data root; without, steps on random vectors")
    parser.add_argument("--labels", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--documents", type=int, default=0, help="of a step, 128 by default; of the training, all")
    parser.add_argument("--width", type=int, default=64, help="of the classifiers")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=3, help="steps that are timed, after one that is not")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.5, 5.0], help="of tiled-linear, in trainings")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--cell", nargs=2, metavar=("HEAD", "LABELS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.cell:
        sys.stdout.write(json.dumps(_step(arguments.cell[0], int(arguments.cell[1]), arguments)))
        return
    rows = _trainings(arguments) if arguments.data else _cells(arguments)
    sizes = {name: getattr(arguments, name) for name in ("documents", "width", "epochs", "device", "labels")}
    found = {"sizes": sizes, **session_facts(), "command": command(), "rows": rows}
    name = f"tiled_linear_{arguments.data}" if arguments.data else "tiled_linear"
    text = _page_of_trainings(found, arguments.data) if arguments.data else _page_of_steps(found)
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (arguments.results / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


# -- steps -----------------------------------------------------------------------------------------------------------


def _cells(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    arguments.documents = arguments.documents or 128
    rows = []
    for labels in arguments.labels:
        for head in HEADS_OF_CELLS:
            scores = 0 if "tiled" in head else 5 * arguments.documents
            if 4 * labels * scores / 1e6 + labels * arguments.width * KEPT_BYTES[head] / 1e6 > LIMIT_MB:
                continue
            say(f"{head}, {labels:,} labels ...")
            options = [f"--{name}={getattr(arguments, name)}" for name in ("documents", "width", "steps", "device")]
            call = [sys.executable, __file__, "--cell", head, str(labels), *options]
            done = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True)
            rows.append({"head": head, "labels": labels, **json.loads(done.stdout)})
            say(f"  {rows[-1]}")
    return rows


def _step(name: str, n_labels: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds of a training step and of its products, and MB above what there was before the network."""
    device, n = torch.device(arguments.device), arguments.documents
    random = np.random.default_rng(0)
    vectors = random.normal(size=(n, arguments.width)).astype(np.float32)
    columns = random.integers(0, n_labels, n * POSITIVES)
    positives = csr_matrix((np.ones(len(columns), bool), columns, np.arange(0, len(columns) + 1, POSITIVES)))
    positives.resize(n, n_labels)
    positives.sum_duplicates()
    before = memory_now(device)
    section = section_of(HEADS_OF_CELLS[name], HEADS)
    head = HEADS.load(section.kind)(section, arguments.width, arguments.width, n_labels)  # type: ignore[attr-defined]
    network = TextNetwork(PooledVectors(arguments.width), head)
    loss: Any = section_of(LOSS, LOSSES)
    examples = Examples(Inputs(vectors, np.arange(n + 1)), positives)
    trainable = Trainable([ParameterGroup(head, 1e-3)])
    task = classification_of(network)(network, examples, loss, trainable, Measured).to(device)
    config = TrainConfig(optim="sgd" if "sgd" in name else "adamw")
    optimisers, scaler = Optimisers(task.groups(), config), torch.amp.GradScaler(device.type, enabled=False)
    rows = np.arange(n)

    def step() -> None:
        task.begin_step(1.0)
        batch = task.collate(rows, np.random.default_rng(0)).to(device)
        task(batch).mean().backward()
        optimisers.step(1.0, scaler)
        optimisers.zero_grad()

    step()
    seconds = seconds_of(step, arguments.steps, device)
    peak = highest_memory(device) - before
    table_of_labels = torch.randn(n_labels, arguments.width, device=device)
    documents = torch.from_numpy(vectors).to(device)
    product = seconds_of(plain_products(documents, table_of_labels, 4096), arguments.steps, device)
    return {"seconds": seconds, "floor": PRODUCTS * product, "peak_mb": peak}


def _page_of_steps(found: dict[str, Any]) -> str:
    sizes = found["sizes"]
    rows = []
    for labels in sizes["labels"]:
        for row in (one for one in found["rows"] if one["labels"] == labels):
            table_mb = labels * sizes["width"] * 4 / 1e6
            cells = [number(row["peak_mb"]), f"{row['peak_mb'] / table_mb:.1f}"]
            cells = [f"{labels:,}", f"`{row['head']}`", number(1e3 * row["seconds"]), *cells]
            rows.append([*cells, f"{row['seconds'] / row['floor']:.1f}"])
    parts = [
        "# A classifier of each label",
        f"A training step for {sizes['documents']:,} documents with {POSITIVES} labels each, vectors of "
        f"{sizes['width']} numbers that do not learn, binary cross-entropy, on {sizes['device']}: scores, loss, "
        "gradients, the move of all classifiers. *MB*: by how much the highest memory of the process rises above what "
        "there was before the head, classifiers included; *tables*: the same in tables of all classifiers in float32. "
        f"*x floor*: time beside that of the {PRODUCTS} products that a step in tiles consists of, at the rate of "
        "the product of scores. The targets of the plain head are made dense in each step, as in training.",
        where_and_when(found),
        table(["labels", "head", "ms a step", "MB", "tables", "x floor"], rows),
    ]
    return "\n\n".join(parts) + "\n"


# -- trainings -------------------------------------------------------------------------------------------------------


def _trainings(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    train, test = read_parts(arguments.data_root / arguments.data, arguments.documents)
    arms: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {"linear, adamw": ({"kind": "linear"}, {})}
    for rate in arguments.rates:
        for precision in ("float32", "bfloat16"):
            head = {"kind": "tiled-linear", "learning_rate": rate, "precision": precision}
            arms[f"tiled-linear, {precision}, rate {rate:g}"] = (head, {})
    rows = []
    for name, (head, options) in arms.items():
        say(f"{name} ...")
        words = {"width": arguments.width, "dropout": 0.0}
        model = Network(
            encoder={"kind": "bag", "embeddings": words, "max_length": 100},
            head=head,
            loss=LOSS,
            train={
                "epochs": arguments.epochs,
                "batch_size": 128,
                "learning_rate": 0.003,
                "validation": 1000,
                "train_metrics_documents": 0,
                "device": arguments.device,
                **options,
            },
        )
        began, wall = time.process_time(), time.perf_counter()
        model.fit(train)
        row: dict[str, Any] = {"head": name, "cpu_seconds": time.process_time() - began}
        row["seconds"] = time.perf_counter() - wall
        found = evaluate(model.predict(test.texts, 20), test, metrics=METRICS, n_bootstrap=0)
        groups = {group: one.values["R@5"] for group, one in found.groups.items()}
        rows.append({**row, "values": {metric: found.values[metric] for metric in METRICS}, "groups": groups})
        say(f"  {rows[-1]}")
    return rows


def _page_of_trainings(found: dict[str, Any], data: str) -> str:
    shown = METRICS[:-1]
    groups = list(found["rows"][0]["groups"])
    rows = [
        [
            f"`{row['head']}`",
            *(f"{100 * row['values'][metric]:.2f}" for metric in shown),
            *("–" if row["groups"][group] is None else f"{100 * row['groups'][group]:.2f}" for group in groups),
            number(row["cpu_seconds"]),
        ]
        for row in found["rows"]
    ]
    sizes = found["sizes"]
    documents = f"{sizes['documents']:,}" if sizes["documents"] else "all"
    parts = [
        f"# A classifier of each label: {data}",
        f"A bag of random words of {sizes['width']} numbers under each head, {documents} training documents, "
        f"{sizes['epochs']} epochs, batches of 128, binary cross-entropy added up over labels; words learn by AdamW at "
        "0.003, and so does the plain head. Per cent; *R@5* by group of labels. One run each.",
        where_and_when(found),
        table(["head", *shown, *(f"R@5 {group}" for group in groups), "cpu-s"], rows),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
