"""The arms of ``unbalanced.py``: settings of a network, one change at a time."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Options = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        about: what it is measured on, for its page.
        base: settings that all arms share.
        arms: by name what is different, merged into `base`; None for `base` itself.
        data: the data set.
        baseline: the arm that others are compared with.
        needs_encoder: whether ``MODEL`` in the settings stands for the folder of an encoder.
        decision: how thresholds are fitted.
        also_decided: arms on whose scores several methods of deciding are compared.
        cuts: numbers of training documents from which a label is torso and head.
    """

    about: str
    base: Options
    arms: Mapping[str, Options]
    baseline: str
    data: str = ""
    needs_encoder: bool = False
    decision: str = "per-frequency"
    also_decided: tuple[str, ...] = ()
    cuts: tuple[int, int] = (10, 100)

    def options(self, name: str, encoder: Path | None) -> Options:
        """Settings of an arm."""
        own = self.arms[name]
        if own.get("kind") == "average":
            return {"kind": "average", "of": [self.options(one, encoder) for one in own["of"]]}
        if own.get("kind", "network") != "network":
            return dict(own)
        merged = merge(self.base, own)
        if self.needs_encoder:
            merged = merge(merged, {"encoder": {"model": str(encoder)}})
        return merged


def merge(base: Options, changes: Options) -> Options:
    """Nested settings with some replaced; a part of another kind replaces the whole part."""
    result = copy.deepcopy(base)
    for name, value in changes.items():
        old = result.get(name)
        alike = (
            isinstance(old, dict) and isinstance(value, dict) and value.get("kind", old.get("kind")) == old.get("kind")
        )
        result[name] = merge(old, value) if alike else copy.deepcopy(value)
    return result


_SMALL_BERT = {
    "kind": "transformer",
    "configuration": {
        "model_type": "bert",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 256,
        "max_position_embeddings": 128,
    },
    "max_length": 64,
}
_RECIPE: Options = {
    "encoder": _SMALL_BERT,
    "head": "linear",
    "loss": "bce",
    "initial_bias": "zero",
    "train": {
        "epochs": 30,
        "batch_size": 128,
        "learning_rate": 2e-5,
        "lr_scheduler_type": "constant",
        "warmup_ratio": 0.0,
        "early_stopping": None,
        "train_metrics_documents": 200,
    },
}
_MENDED: Options = {
    "initial_bias": "prior",
    "train": {
        "batch_size": 16,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "linear",
        "warmup_ratio": 0.1,
        "early_stopping": {"metric": "micro-F1", "patience": 8},
    },
}
_CHARACTERS = {
    "kind": "cnn",
    "characters": True,
    "max_length": 64,
    "embeddings": {"width": 100},
    "filter_widths": [2, 3, 4],
}
_LANGUAGE = {"kind": "masked-language", "train": {"epochs": 30, "batch_size": 16, "learning_rate": 1e-3}}


def _mended(**more: Any) -> Options:
    return merge(_MENDED, more)


CHINESE = Table(
    about="2,000 Chinese news sentences with 13 tags (the largest has 47 times as many texts as the smallest), drawn "
    "from event types, in parts of 3 : 1 : 1. Encoder: BERT of 2 layers of 64 numbers from a random start, characters "
    "as tokens. Every arm has at most 30 epochs.",
    base=_RECIPE,
    baseline="the recipe",
    decision="global",
    arms={
        "the recipe": {},
        "recipe + focal loss": {"loss": "focal"},
        "recipe + convolution": {"head": {"kind": "convolution", "labels": {"dropout": 0.1}}},
        "recipe + class-aware sampling": {"sampling": "class-aware"},
        "recipe + early stopping": {"train": {"early_stopping": {"metric": "micro-F1", "patience": 8}}},
        "recipe + initial bias at the prior": {"initial_bias": "prior"},
        "recipe + batches of 16": {"train": {"batch_size": 16}},
        "recipe + learning rate 1e-3": {"train": {"learning_rate": 1e-3}},
        "mended: rate 1e-3, batches of 16, prior, early stopping": _mended(),
        "mended + focal loss": _mended(loss="focal"),
        "mended + asymmetric loss": _mended(loss="asymmetric"),
        "mended + distribution-balanced loss": _mended(loss="distribution-balanced"),
        "mended + weighted BCE": _mended(loss="weighted-bce"),
        "mended + convolution": _mended(head={"kind": "convolution", "labels": {"dropout": 0.1}}),
        "mended + label attention": _mended(head="label-attention"),
        "mended + class-aware sampling": _mended(sampling="class-aware"),
        "mended + word swap and deletion": _mended(augmentation=["word-swap", "word-deletion"]),
        "mended + mixup": _mended(mixup=0.4),
        "mended + R-Drop": _mended(r_drop=1.0),
        "mended + masked-language stage first": _mended(stages=[_LANGUAGE, "whole"]),
        "character CNN": _mended(encoder=_CHARACTERS),
        "character CNN + class-aware sampling": _mended(encoder=_CHARACTERS, sampling="class-aware"),
        "linear, characters": {
            "kind": "linear-ovr",
            "solver": {"loss": "logistic", "cost": 30.0},
            "features": {"analyzer": "char", "ngram_range": [1, 3], "sublinear_tf": True},
        },
        "average of linear and character CNN": {"kind": "average", "of": ["linear, characters", "character CNN"]},
        "average of linear and mended": {
            "kind": "average",
            "of": ["linear, characters", "mended: rate 1e-3, batches of 16, prior, early stopping"],
        },
    },
)

_FROZEN: Options = {
    "encoder": {
        "kind": "transformer",
        "model": "",
        "pooling": "mean",
        "max_length": 64,
        "frozen_layers": 5,
        "cache_states": True,
    },
    "head": "linear",
    "loss": "bce",
    "train": {
        "epochs": 4,
        "batch_size": 32,
        "learning_rate": 3e-4,
        "head_learning_rate": 5e-3,
        "bf16": True,
        "early_stopping": {"metric": "micro-F1", "patience": None},
        "train_metrics_documents": 300,
    },
}
THREE = "average of propensity, weighted BCE logarithm, CB-NTR"
NAMES = "average of both with names, propensity, linear"
FIVE = "average of BCE, propensity, weighted BCE logarithm, NTR-FL, linear"
_ENGLISH_ARMS: dict[str, Options] = {
    "BCE": {},
    "weighted BCE, inverse, no cap": {"loss": {"kind": "weighted-bce", "scheme": "inverse", "cap": None}},
    "weighted BCE, inverse, cap 50": {"loss": {"kind": "weighted-bce", "scheme": "inverse", "cap": 50}},
    "weighted BCE, square root": {"loss": {"kind": "weighted-bce", "scheme": "square-root", "cap": 50}},
    "weighted BCE, logarithm": {"loss": {"kind": "weighted-bce", "scheme": "log", "cap": 50}},
    "focal": {"loss": "focal"},
    "asymmetric": {"loss": "asymmetric"},
    "class-balanced": {"loss": {"kind": "class-balanced", "beta": 0.9999}},
    "distribution-balanced": {"loss": "distribution-balanced"},
    "CB-NTR": {"loss": "cb-ntr"},
    "NTR-FL": {"loss": "ntr-fl"},
    "propensity": {"loss": "propensity"},
    "logit-adjusted": {"loss": "logit-adjusted"},
    "ZLPR": {"loss": "zlpr"},
    "squared hinge": {"loss": "squared-hinge"},
    "class-aware sampling": {"sampling": "class-aware"},
    "repeat-factor sampling": {"sampling": {"kind": "repeat-factor", "threshold": 0.01}},
    "ML-ROS": {"sampling": "ml-ros"},
    "LP-ROS": {"sampling": "lp-ros"},
    "ML-RUS": {"sampling": "ml-rus"},
    "BCE, then a new head with class-aware sampling": {
        "stages": ["whole", {"kind": "head", "fresh": True, "sampling": "class-aware"}]
    },
    "BCE, then tau-normalisation": {"stages": ["whole", {"kind": "tau-normalisation", "tau": 0.5}]},
    "label attention": {"head": "label-attention"},
    "initial bias zero": {"initial_bias": "zero"},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "mixup": {"mixup": 0.2},
    "label names as documents": {"label_texts": True},
    "label vectors begin at the names": {"initial_labels": "label-text"},
    "both, weighted BCE, logarithm": {
        "label_texts": True,
        "initial_labels": "label-text",
        "loss": {"kind": "weighted-bce", "scheme": "log", "cap": 50},
    },
    "linear": {"kind": "linear-ovr", "solver": {"loss": "logistic", "cost": 30.0}, "features": {"sublinear_tf": True}},
    "average of linear and BCE": {"kind": "average", "of": ["linear", "BCE"]},
    THREE: {"kind": "average", "of": ["propensity", "weighted BCE, logarithm", "CB-NTR"]},
    NAMES: {
        "kind": "average",
        "of": ["both, weighted BCE, logarithm", "label vectors begin at the names", "propensity", "linear"],
    },
    FIVE: {"kind": "average", "of": ["BCE", "propensity", "weighted BCE, logarithm", "NTR-FL", "linear"]},
}


_REUTERS_CUTS = (9, 35)  # those of the published figures: Huang et al. 2021, table 2


def _english(about: str, data: str, **more: Any) -> Table:
    return Table(
        about=about,
        data=data,
        base=_FROZEN,
        arms=_ENGLISH_ARMS,
        baseline="BCE",
        needs_encoder=True,
        also_decided=("BCE", "logit-adjusted", "both, weighted BCE, logarithm", THREE, NAMES, FIVE),
        **more,
    )


_ENCODER = (
    "Encoder: MiniLM (6 layers of 384), the embeddings and five layers frozen and their states kept, 64 tokens, mean "
    "over tokens; bfloat16, 4 epochs, the best by micro-F1 on a tenth that is held out. One change to BCE each."
)
REUTERS_BEST = Table(
    about="Reuters news with 90 topics, all training documents but a tenth for validation: what can be reached. MiniLM "
    "with four layers frozen, 128 tokens, bfloat16, 5 epochs, label vectors that begin at the names.",
    data="reuters21578",
    base=merge(
        _FROZEN,
        {"encoder": {"max_length": 128, "frozen_layers": 4}, "initial_labels": "label-text", "train": {"epochs": 5}},
    ),
    baseline="network",
    needs_encoder=True,
    decision="global",
    also_decided=("network", "network and fused", "network, fused and linear"),
    cuts=_REUTERS_CUTS,
    arms={
        "network": {},
        "linear": _ENGLISH_ARMS["linear"],
        "fused": {"kind": "fused"},
        "network and fused": {"kind": "average", "of": ["network", "fused"]},
        "network, fused and linear": {"kind": "average", "of": ["network", "fused", "linear"]},
    },
)
TABLES = {
    "chinese": CHINESE,
    "debtags": _english(
        "Debian package descriptions with 598 facets, 136 of them under ten documents. " + _ENCODER, "debtags"
    ),
    "reuters21578": _english(
        "Reuters news with 90 topics, 30 of them under ten documents. " + _ENCODER,
        "reuters21578",
        cuts=_REUTERS_CUTS,
    ),
    "reuters-best": REUTERS_BEST,
}
