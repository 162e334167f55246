"""manylabel's networks, with the settings of LibMultiLabel's.

Beside the settings, defaults of manylabel stand that LibMultiLabel has not: biases begin at the priors, and batches
hold documents of like length. Metrics on training documents, which LibMultiLabel does not take, are off.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import network_settings
import protocol
import torch
from network_settings import BATCH, BERT, LENGTH, SEED, SETTINGS, VECTORS, Documents, Given
from watching import Watch

from manylabel import Corpus, LabelSpace, Network, load

COMPILE = "--compile-only"
DENSE = "-dense"
TRAIN = {
    "batch_size": BATCH, "optim": "adam", "weight_decay": 0.0, "lr_scheduler_type": "constant", "warmup_ratio": 0.0,
    "max_grad_norm": None, "early_stopping": {"metric": "P@1", "patience": None}, "train_metrics_documents": 0,
}  # fmt: skip


class ManyLabelNN:
    name = "manylabel"
    distribution = "manylabel"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = dict.fromkeys(
        [name for kind in SETTINGS for name in (kind, kind + DENSE)], "probability"
    )

    def prepare(self, features: Given, scratch: Path) -> None:
        # As in run_manylabel.py: the peers come compiled. Optimisers import torch._dynamo when they are first made.
        subprocess.run([sys.executable, __file__, COMPILE], check=True)
        importlib.import_module("torch._dynamo")
        torch.set_num_threads(protocol.THREADS)
        space = LabelSpace(features.names)
        self._training, self._validation = (corpus_of(part, space) for part in (features.train, features.validation))

    def fit(self, features: Given, variant: str) -> None:
        setting = SETTINGS[variant.removesuffix(DENSE)]
        encoder = dict(setting.encoder)
        if encoder["kind"] == "transformer":
            encoder["model"] = str(features.folder / BERT)
        else:
            sparse = not variant.endswith(DENSE)
            vectors = {"vectors": str(features.folder / VECTORS), "dropout": 0.2, "sparse": sparse}
            encoder |= {"embeddings": vectors, "min_count": 1, "max_length": LENGTH}
        train = {**TRAIN, "epochs": features.epochs, "learning_rate": setting.learning_rate}
        watch, options = Watch(), {"encoder": encoder, "head": setting.head, "train": train, "seed": SEED}
        self._model = Network(**options)
        self._model.validate_on(self._validation)
        self._model.fit(self._training, progress=watch)
        self._loop_seconds = time.perf_counter() - watch.began

    def save(self, folder: Path) -> None:
        self._model.save(folder / "run")

    def load(self, folder: Path) -> None:
        self._model = load(folder / "run")

    def predict(self, x: list[str], k: int) -> protocol.TopLabels:
        found = self._model.predict(x, k)
        return protocol.TopLabels(found.indices, found.scores)

    def predict_one(self, row: list[str], k: int) -> object:
        return self._model.predict(row, k)

    def facts(self) -> dict[str, object]:
        """The time of the loop alone, without reading texts and vectors."""
        return {"loop_seconds": round(self._loop_seconds, 3)}


def corpus_of(part: Documents, space: LabelSpace) -> Corpus:
    """Documents over a label space."""
    return Corpus.from_texts(part.texts, part.labels, space=space)


def _compile() -> None:
    """Train and ask one small network, so that everything compiled lies in its cache."""
    texts = [f"word{i} word{i + 1}" for i in range(40)] * 2
    corpus = corpus_of(
        Documents(texts, [[f"label{i % 5}"] for i in range(80)]), LabelSpace([f"label{i}" for i in range(5)])
    )
    options: dict[str, Any] = {"encoder": {"kind": "cnn", "filters": 4}, "train": {**TRAIN, "epochs": 1}}
    Network(**options).fit(corpus).predict(texts, 3)


def main() -> None:
    """Command line."""
    if sys.argv[1:] == [COMPILE]:
        _compile()
        return
    peer = ManyLabelNN()
    arguments = protocol.parser(peer).parse_args()
    protocol.measure(peer, lambda: network_settings.read_given(arguments.features_dir), arguments, peer.facts)


if __name__ == "__main__":
    main()
