"""The networks of ``attention_xml.py`` in the words of both libraries, side by side.

Runs inside the environment of each, so it may import the standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attention_xml_variants import FLAT, FUSED, LINEAR, TREE
from network_settings import SEED, VECTORS, Documents, Given, Setting

RATE = 1e-3
WORD_DROPOUT, STATE_DROPOUT = 0.2, 0.5  # of LibMultiLabel's configurations of AttentionXML
METRICS = ("P@1", "P@3", "P@5")
"""That are taken on the validation documents after every epoch; the first says which epoch is kept."""


@dataclass(frozen=True)
class Plan(Given):
    """What a runner reads from a folder that ``attention_xml.py`` made.

    Attributes:
        width: numbers of a state, of both directions together, and of the hidden layer.
        cluster_size: labels of a cluster at most.
        beam_width: clusters of a document whose labels are scored.
        label_texts: of the labels in order; None where a label has none.
        label_parents: names of the parents of each label.
    """

    width: int = 0
    cluster_size: int = 0
    beam_width: int = 0
    label_texts: tuple[str | None, ...] = ()
    label_parents: tuple[tuple[str, ...], ...] = ()

    def setting(self, variant: str) -> Setting:
        """The flat network: LibMultiLabel's has an output of each label, that of manylabel the shared one."""
        theirs = {"embed_dropout": WORD_DROPOUT, "rnn_dim": self.width, "post_encoder_dropout": STATE_DROPOUT}
        name = {FLAT: "BiLSTMLWAN"}[variant]
        return Setting(RATE, name, theirs, "kaiming_uniform", self.encoder(), self.head())

    def plt(self, checkpoints: Path) -> dict[str, Any]:
        """All that LibMultiLabel's ``PLTTrainer`` reads of its configuration."""
        network = {
            "embed_dropout": WORD_DROPOUT, "post_encoder_dropout": STATE_DROPOUT, "rnn_dim": self.width,
            "rnn_layers": 1, "linear_size": [self.width], "freeze_embed_training": False,
        }  # fmt: skip
        return {
            "multiclass": False, "cluster_size": self.cluster_size, "beam_width": self.beam_width,
            "max_seq_length": self.length, "network_config": network,
            "loss_function": "binary_cross_entropy_with_logits", "optimizer": "adam", "learning_rate": RATE,
            "momentum": 0.9, "weight_decay": 0, "lr_scheduler": None, "scheduler_config": None, "cpu": True,
            "epochs": self.epochs, "limit_train_batches": 1.0, "limit_val_batches": 1.0, "limit_test_batches": 1.0,
            "silent": True, "early_stopping_metric": METRICS[0], "patience": self.epochs, "val_metric": METRICS[0],
            "checkpoint_dir": str(checkpoints), "monitor_metrics": list(METRICS), "metric_threshold": 0.5,
            "shuffle": True, "batch_size": self.batch, "data_workers": 0, "eval_batch_size": self.evaluation_batch,
            "save_k_predictions": 10, "log_path": str(checkpoints / "log.json"), "predict_out_path": None,
        }  # fmt: skip

    def encoder(self) -> dict[str, Any]:
        """The section of manylabel."""
        vectors = {"vectors": str(self.folder / VECTORS), "dropout": WORD_DROPOUT, "trained": True, "sparse": True}
        return {
            "kind": "bilstm", "hidden_dim": self.width, "layers": 1, "dropout": STATE_DROPOUT, "embeddings": vectors,
            "min_count": 1, "max_length": self.length,
        }  # fmt: skip

    def head(self) -> dict[str, Any]:
        """The section of manylabel."""
        return {"kind": "label-attention", "output": "shared", "hidden_dims": [self.width], "dropout": 0.0}

    def training(self) -> dict[str, Any]:
        """The section of manylabel; metrics on training documents, which LibMultiLabel does not take, are off."""
        return {
            "epochs": self.epochs, "batch_size": self.batch, "learning_rate": RATE, "optim": "adam",
            "weight_decay": 0.0, "lr_scheduler_type": "constant", "warmup_ratio": 0.0, "max_grad_norm": None,
            "early_stopping": {"metric": METRICS[0], "patience": None}, "train_metrics_documents": 0, "device": "cpu",
        }  # fmt: skip

    def model(self, variant: str) -> dict[str, Any]:
        """The configuration of a model of manylabel."""
        if variant == LINEAR:
            return {"kind": "linear-tree"}
        if variant == FUSED:
            return {"kind": "fused"}
        network = {"encoder": self.encoder(), "head": self.head(), "train": self.training(), "seed": SEED}
        if variant == FLAT:
            return {"kind": "network", **network, "loss": "bce"}
        tree = {
            "kind": TREE, **network, "clustering": {"cluster_size": self.cluster_size}, "beam_width": self.beam_width,
        }  # fmt: skip
        if variant == TREE:
            return tree
        # A source has no validation documents given: it holds as many out of those that it is trained on.
        share = len(self.validation.texts) / (len(self.validation.texts) + len(self.train.texts))
        return {"kind": "fused", "sources": {TREE: {"kind": "model", "model": with_share(tree, share)}}}


def with_share(model: dict[str, Any], share: float) -> dict[str, Any]:
    """The same model, holding a share of its documents out for validation."""
    return {**model, "train": {**model["train"], "validation": round(share, 4)}}


def read_plan(folder: Path) -> Plan:
    """Read what ``attention_xml.py`` wrote."""
    found = json.loads((folder / "documents.json").read_text(encoding="utf-8"))
    parts = [Documents(found[part]["texts"], found[part]["labels"]) for part in ("train", "validation")]
    own = found["settings"]
    numbers = {key: own[key] for key in ("length", "batch", "width", "cluster_size", "beam_width")}
    return Plan(
        folder, own["epochs"], found["names"], *parts, found["test"], evaluation_batch=own["batch"], **numbers,
        label_texts=tuple(found["label_texts"]), label_parents=tuple(map(tuple, found["label_parents"])),
    )  # fmt: skip
