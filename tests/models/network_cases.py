"""Networks in a few combinations of small parts, and what listens to their training."""

import pytest

from encoder_cases import needs_transformers
from manylabel import Network
from manylabel.core.progress import Silent
from manylabel.core.stages import Stages

TINY_BERT = {
    "kind": "transformer",
    "configuration": {
        "model_type": "bert",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    },
    "max_length": 24,
}
WORDS = {"embeddings": {"width": 32, "dropout": 0.0}, "min_count": 1}
FAST = {
    "epochs": 12,
    "batch_size": 16,
    "learning_rate": 0.01,
    "early_stopping": "micro-F1",
    "train_metrics_documents": 50,
}
CASES = {
    "bag": {"encoder": {"kind": "bag", **WORDS}, "head": "linear"},
    "tiled": {
        "encoder": {"kind": "bag", **WORDS},
        "head": {"kind": "tiled-linear", "precision": "bfloat16", "labels_at_once": 7, "learning_rate": 0.1},
        "loss": {"kind": "bce", "reduction": "sum"},
    },
    "cnn": {"encoder": {"kind": "cnn", "filters": 32, **WORDS}, "head": "linear"},
    "bilstm": {
        "encoder": {"kind": "bilstm", "hidden_dim": 32, **WORDS},
        "head": {"kind": "label-attention", "output": "shared", "hidden_dims": [32]},
    },
    "caml": {"encoder": {"kind": "bag", **WORDS}, "head": {"kind": "caml", "filter_size": 3, "filters": 32}},
    "prototype": {
        "encoder": {"kind": "bigru", "hidden_dim": 32, **WORDS},
        "head": {"kind": "prototype", "prototypes": 8, "hidden_dim": 16},
    },
    "bert": {"encoder": TINY_BERT, "head": {"kind": "label-attention", "dropout": 0.0}},
    "bert-cnn": {"encoder": TINY_BERT, "head": {"kind": "convolution", "filters": 16}},
}
MARKS = {name: [needs_transformers] if "bert" in name else [] for name in CASES}
every_case = pytest.mark.parametrize("case", [pytest.param(name, marks=marks) for name, marks in MARKS.items()])


def make(case="bag", **options):
    train = {**FAST, **options.pop("train", {})}
    return Network(**{**CASES[case], **options, "train": train})


class Notes(Silent):
    def __init__(self):
        self.said = []

    def note(self, message):
        self.said.append(message)


class StopsAt(Stages):
    """Stages that are interrupted when an epoch is recorded."""

    def __init__(self, folder, stop):
        super().__init__(folder)
        self.stop, self.lines = stop, []

    def record(self, line):
        self.lines.append(dict(line))
        if len(self.lines) == self.stop:
            raise KeyboardInterrupt
