"""LibMultiLabel's neural side, called as ``torch_trainer.py`` of its repository calls it (the wheel has no command
line). All in one process: its four workers that read data are left out, which two cores have no room for."""

from __future__ import annotations

import logging
import shutil
import time
import warnings
from pathlib import Path
from typing import ClassVar

import network_settings
import numpy as np
import pandas
import protocol
import torch
from libmultilabel.nn import data_utils
from libmultilabel.nn.model import Model
from libmultilabel.nn.nn_utils import init_device, init_model, init_trainer, set_seed
from lightning.pytorch.callbacks import Callback
from network_settings import BERT, SEED, SETTINGS, VECTORS, Given
from transformers import AutoTokenizer

METRICS = ("P@1", "P@3", "P@5", "Micro-F1", "Macro-F1")


class LibMultiLabelNN:
    name = "libmultilabel"
    distribution = "libmultilabel"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = dict.fromkeys(SETTINGS, "probability")
    metrics: ClassVar[tuple[str, ...]] = METRICS
    callbacks: ClassVar[tuple[Callback, ...]] = ()

    def prepare(self, features: Given, scratch: Path) -> None:
        warnings.simplefilter("ignore")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        torch.set_num_threads(protocol.THREADS)
        self._given, self._checkpoints = features, scratch
        self._frames = [
            pandas.DataFrame({"label": [" ".join(labels) for labels in part.labels], "text": part.texts})
            for part in (features.train, features.validation)
        ]
        self._k = 10

    def fit(self, features: Given, variant: str) -> None:
        setting = features.setting(variant)
        set_seed(SEED)
        self._device = init_device(use_cpu=True)
        bert = setting.init_weight is None
        self._tokenizer = AutoTokenizer.from_pretrained(features.folder / BERT, use_fast=True) if bert else None
        datasets = data_utils.load_datasets(
            training_data=self._frames[0], val_data=self._frames[1], tokenize_text=not bert
        )
        self._words = vectors = None
        if not bert:
            self._words, vectors = data_utils.load_or_build_text_dict(
                dataset=datasets["train"], embed_file=str(features.folder / VECTORS), silent=True
            )
        self._classes = data_utils.load_or_build_label(datasets)
        more = {"lm_weight": str(features.folder / BERT)} if bert else {}
        model = init_model(
            model_name=setting.model_name,
            network_config=setting.network_config | more,
            classes=self._classes,
            embed_vecs=vectors,
            init_weight=setting.init_weight,
            learning_rate=setting.learning_rate,
            val_metric=self.metrics[0],
            monitor_metrics=list(self.metrics),
            silent=True,
            save_k_predictions=self._k,
        )
        trainer = init_trainer(
            checkpoint_dir=str(self._checkpoints), epochs=features.epochs, patience=features.epochs, silent=True,
            use_cpu=True,
        )  # fmt: skip
        trainer.callbacks[:0] = self.callbacks
        loaders = [self._loader(datasets["train"], features.batch, shuffle=True), self._loader(datasets["val"])]
        began = time.perf_counter()
        trainer.fit(model, *loaders)
        self._loop_seconds = time.perf_counter() - began
        self._trainer, self._best = trainer, trainer.checkpoint_callback.best_model_path
        self._model = _restored(Path(self._best))

    def save(self, folder: Path) -> None:
        shutil.copyfile(self._best, folder / "best_model.ckpt")

    def load(self, folder: Path) -> None:
        self._model = _restored(folder / "best_model.ckpt")

    def predict(self, x: list[str], k: int) -> protocol.TopLabels:
        frame = pandas.DataFrame({"label": [""] * len(x), "text": x})
        data = data_utils.load_datasets(test_data=frame, val_size=0, tokenize_text=self._tokenizer is None)["test"]
        found = self._trainer.predict(self._model, dataloaders=self._loader(data))
        logits = np.vstack([batch["top_k_pred_scores"] for batch in found])
        own = np.vstack([batch["top_k_pred"] for batch in found])
        column = {name: number for number, name in enumerate(self._given.names)}
        columns = np.array([column[name] for name in self._classes], np.int32)
        return protocol.TopLabels(columns[own], (1 / (1 + np.exp(-logits))).astype(np.float32))

    def predict_one(self, row: list[str], k: int) -> object:
        words = self._tokenizer is None
        text = data_utils.tokenize(row[0]) if words else row[0]
        data = data_utils.TextDataset(
            [{"text": text, "label": []}],
            self._classes,
            self._given.length,
            tokenizer=self._tokenizer,
            word_dict=self._words,
        )
        with torch.inference_mode():
            return self._model.predict_step(data_utils.generate_batch([data[0]]), 0)

    def facts(self) -> dict[str, object]:
        """The time of the loop alone, without reading texts and vectors."""
        return {"loop_seconds": round(self._loop_seconds, 3)}

    def _loader(self, data: list[dict], batch: int | None = None, *, shuffle: bool = False) -> object:
        return data_utils.get_dataset_loader(
            data=data,
            classes=self._classes,
            device=self._device,
            max_seq_length=self._given.length,
            batch_size=batch or self._given.evaluation_batch,
            shuffle=shuffle,
            data_workers=0,
            word_dict=self._words,
            tokenizer=self._tokenizer,
        )


def _restored(checkpoint: Path) -> Model:
    # Its own call lacks the argument and fails with torch 2.6 and later.
    return Model.load_from_checkpoint(checkpoint, weights_only=False)


if __name__ == "__main__":
    peer = LibMultiLabelNN()
    arguments = protocol.parser(peer).parse_args()
    protocol.measure(peer, lambda: network_settings.read_given(arguments.features_dir), arguments, peer.facts)
