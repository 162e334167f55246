"""The networks of ``networks.py`` in the words of both libraries, side by side, so that one can see they are the same.

Runs inside the environment of each, so it may import the standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LENGTH = 100
"""Tokens of a document that are read."""
BATCH = 32
EVALUATION_BATCH = 256  # LibMultiLabel's default
SEED = 1337  # of LibMultiLabel's example configurations
BERT = "bert"
VECTORS = "vectors.txt"


@dataclass(frozen=True)
class Setting:
    """One network.

    Attributes:
        learning_rate: constant, of Adam without decay.
        model_name: of LibMultiLabel.
        network_config: of LibMultiLabel.
        init_weight: of LibMultiLabel; its command line's default, and none for BERT as in its examples.
        encoder: of manylabel.
        head: of manylabel.
    """

    learning_rate: float
    model_name: str
    network_config: dict[str, Any]
    init_weight: str | None
    encoder: dict[str, Any]
    head: dict[str, Any]


SETTINGS = {
    "kim-cnn": Setting(
        1e-3,
        "KimCNN",
        {"embed_dropout": 0.2, "filter_sizes": [2, 4, 8], "num_filter_per_size": 128, "post_encoder_dropout": 0.2},
        "kaiming_uniform",
        {"kind": "cnn", "filter_widths": [2, 4, 8], "filters": 128, "dropout": 0.2},
        {"kind": "linear", "dropout": 0.0},
    ),
    "cnn-label-attention": Setting(
        1e-3,
        "CNNLWAN",
        {"embed_dropout": 0.2, "filter_sizes": [8], "num_filter_per_size": 256},
        "kaiming_uniform",
        {"kind": "cnn", "filter_widths": [8], "filters": 256, "activation": "tanh", "dropout": 0.0},
        {"kind": "label-attention", "dropout": 0.0},
    ),
    "bilstm-label-attention": Setting(
        1e-3,
        "BiLSTMLWAN",
        {"embed_dropout": 0.2, "rnn_dim": 128},
        "kaiming_uniform",
        {"kind": "bilstm", "hidden_dim": 128, "dropout": 0.0},
        {"kind": "label-attention", "dropout": 0.0},
    ),
    "bert": Setting(
        5e-4,
        "BERT",
        # Its BERT stays in evaluation mode under this Lightning, so that its dropout (0.1 by default) never acts.
        {"encoder_hidden_dropout": 0.0, "encoder_attention_dropout": 0.0, "post_encoder_dropout": 0.0},
        None,
        {"kind": "transformer", "max_length": LENGTH, "dropout": 0.0},
        {"kind": "linear", "dropout": 0.0},
    ),
}


@dataclass(frozen=True)
class Documents:
    """Texts and labels of one part."""

    texts: list[str]
    labels: list[list[str]]


@dataclass(frozen=True)
class Given:
    """What a runner reads from a folder that ``networks.py`` made.

    Attributes:
        folder: where the word vectors and the folder of BERT are too.
        epochs: to train.
        names: the labels of training and validation in order, which are the columns of the answer.
        train: documents to learn from.
        validation: documents by which the best epoch is kept.
        test_x: texts to predict for.
        length: tokens of a document that are read.
        batch: documents of a training batch.
        evaluation_batch: documents that LibMultiLabel scores together.
    """

    folder: Path
    epochs: int
    names: list[str]
    train: Documents
    validation: Documents
    test_x: list[str]
    length: int = LENGTH
    batch: int = BATCH
    evaluation_batch: int = EVALUATION_BATCH

    @property
    def n_test(self) -> int:
        """Texts to predict for."""
        return len(self.test_x)

    @property
    def n_labels(self) -> int:
        """Columns that a prediction may name."""
        return len(self.names)

    def one(self, row: int) -> list[str]:
        """A single text."""
        return [self.test_x[row]]

    def setting(self, variant: str) -> Setting:
        """The network of a name."""
        return SETTINGS[variant]


def read_given(folder: Path) -> Given:
    """Read what ``networks.py`` wrote."""
    found = json.loads((folder / "documents.json").read_text(encoding="utf-8"))
    parts = [Documents(found[part]["texts"], found[part]["labels"]) for part in ("train", "validation")]
    return Given(folder, found["epochs"], found["names"], *parts, found["test"])
