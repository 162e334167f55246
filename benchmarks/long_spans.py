"""Cost per token of encoders that read long documents, from random weights of the same size."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
import torch

from manylabel.nn.encoders import ENCODERS
from peers.protocol import memory_mb
from tables import number, table, where_and_when
from turns import say

LENGTHS = (256, 512, 1024, 2048, 4096)
LAYERS, WIDTH, HEADS = 3, 256, 4
_SIZES = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
_SIZES |= {"intermediate_size": 4 * WIDTH, "max_position_embeddings": max(LENGTHS) + 2}
_WINDOW = {"window": 256, "stride": 254, "max_windows": 20}
KINDS: dict[str, dict[str, Any]] = {
    "bert": {"model_type": "bert"},
    "bigbird": {"model_type": "big_bird", "block_size": 64, "num_random_blocks": 3},
    "longformer": {"model_type": "longformer", "attention_window": [512] * LAYERS},
    "modernbert": {"model_type": "modernbert", "local_attention": 128},
    "bert in windows of 256": {"model_type": "bert"},
}


def measure_spans() -> list[dict[str, Any]]:
    """A cell for each encoder and number of tokens, each from a process of its own."""
    cells = []
    for kind in KINDS:
        for length in LENGTHS:
            say(f"{kind}, {length} tokens ...")
            done = subprocess.run([sys.executable, __file__, kind, str(length)], capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(done.stderr[-2000:])
            cells.append({"kind": kind, "tokens": length, **json.loads(done.stdout.splitlines()[-1])})
    return cells


def spans_page(found: dict[str, Any]) -> str:
    """Microseconds of a token and memory, by encoder and length."""
    cells = {(cell["kind"], cell["tokens"]): cell for cell in found["cells"]}
    header = ["encoder", *(f"{length:,}" for length in LENGTHS)]

    def rows(what: str) -> list[list[str]]:
        return [[kind, *(number(cells[kind, length][what]) for length in LENGTHS)] for kind in KINDS]

    parts = [
        "# Cost of long encoders",
        f"One document of so many tokens, {LAYERS} layers of {WIDTH} numbers and {HEADS} heads, random weights, "
        "float32, one thread, processor time: the smallest of three steps after one. Padding as each encoder needs it "
        "is in the figures. BigBird: blocks of 64, three at random; Longformer: 256 tokens to each side; ModernBERT: "
        "64 to each side in two of three layers. Without weights that can be had offline nothing is said of quality.",
        where_and_when(found),
        "## Forward and backward, microseconds a token\n\n" + table(header, rows("train_us")),
        "## Forward alone, microseconds a token\n\n" + table(header, rows("predict_us")),
        "## Memory over that of the model, peak of a training step, MiB\n\n" + table(header, rows("over_mb")),
    ]
    return "\n\n".join(parts) + "\n"


def _measure(kind: str, length: int) -> dict[str, float]:
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in random.integers(0, 500, length)) for _ in range(20)]
    reader = {"kind": "transformer", "configuration": {**_SIZES, **KINDS[kind]}, "dropout": 0.0, "pooling": "mean"}
    windows = {"kind": "windows", "encoder": {**reader, "max_length": 256}, "states": "tokens", **_WINDOW}
    options = windows if "windows" in kind else {**reader, "max_length": length}
    torch.manual_seed(0)
    encoder = ENCODERS.load(options["kind"])(ENCODERS.section(options["kind"]).parse(options)).fit(texts)
    batch = encoder.inputs(texts[:1]).batch(np.array([0]))
    before = memory_mb("VmRSS")
    with torch.no_grad():
        predicting = _smallest(lambda: encoder.eval()(batch))
    training = _smallest(lambda: encoder.train()(batch).tokens.sum().backward())
    tokens = int(batch.mask.sum())
    over = memory_mb("VmHWM") - before
    return {"train_us": 1e6 * training / tokens, "predict_us": 1e6 * predicting / tokens, "over_mb": over}


def _smallest(step: Any) -> float:
    step()
    taken = []
    for _ in range(3):
        began = time.process_time()
        step()
        taken.append(time.process_time() - began)
    return min(taken)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))) + "\n")
