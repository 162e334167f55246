"""LibMultiLabel's AttentionXML, called as ``torch_trainer.py`` of its repository calls it, and its flat network."""

from __future__ import annotations

import pickle
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import attention_xml_settings
import numpy as np
import protocol
import torch
from attention_xml_settings import METRICS, Plan
from attention_xml_variants import FLAT, TREE
from level_times import LevelClock, times_of
from libmultilabel.nn import attentionxml, data_utils
from libmultilabel.nn.model import Model
from libmultilabel.nn.nn_utils import init_device, set_seed
from lightning import Trainer
from lightning.pytorch.callbacks import Callback
from network_settings import SEED, VECTORS
from run_libmultilabel_nn import LibMultiLabelNN
from scipy.special import expit


class Clock(Callback):
    """Notes when the levels' epochs begin and end. A trainer belongs to one level."""

    def __init__(self) -> None:
        self.levels: list[LevelClock] = []
        self._began = self._trained = 0.0

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        self.levels.append(LevelClock())

    def on_train_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
        self._began = time.perf_counter()

    def on_validation_start(self, trainer: Trainer, pl_module: Any) -> None:
        self._trained = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        self.levels[-1].epoch(self._began, self._trained, time.perf_counter())


class Flat(LibMultiLabelNN):
    """Its flat network of label attention."""

    variants: ClassVar[dict[str, protocol.ScoreKind]] = {FLAT: "probability"}
    metrics: ClassVar[tuple[str, ...]] = METRICS

    def fit(self, features: Plan, variant: str) -> None:
        self._began, clock = time.perf_counter(), Clock()
        self.callbacks = (clock,)
        super().fit(features, variant)
        self._levels = clock.levels

    def facts(self) -> dict[str, object]:
        """Times of epochs."""
        return times_of(self._levels, self._began, None)


class Tree(Flat):
    """Its AttentionXML."""

    variants: ClassVar[dict[str, protocol.ScoreKind]] = {TREE: "probability"}

    def fit(self, features: Plan, variant: str) -> None:
        self._began, clock = time.perf_counter(), Clock()
        set_seed(SEED)
        init_device(use_cpu=True)
        datasets = data_utils.load_datasets(training_data=self._frames[0], val_data=self._frames[1])
        words, vectors = data_utils.load_or_build_text_dict(
            dataset=datasets["train"] + datasets["val"], embed_file=str(features.folder / VECTORS), silent=True
        )
        self._classes = data_utils.load_or_build_label(datasets)
        # Its own trainers, with the clock among their callbacks; its own clustering, with a look at the clock after it.
        new_trainer, cluster = attentionxml.init_trainer, attentionxml.build_label_tree

        def timed_trainer(*arguments: Any, **options: Any) -> Trainer:
            trainer = new_trainer(*arguments, **options)
            trainer.callbacks.insert(0, clock)
            return trainer

        def timed_cluster(*arguments: Any, **options: Any) -> None:
            cluster(*arguments, **options)
            self._clustering = time.perf_counter() - started

        attentionxml.init_trainer, attentionxml.build_label_tree = timed_trainer, timed_cluster
        config = SimpleNamespace(**features.plt(self._checkpoints))
        self._tree = attentionxml.PLTTrainer(config, self._classes, vectors, words)
        # What its test() reads of the folder; torch_trainer.py writes it.
        with (self._checkpoints / self._tree.WORD_DICT_NAME).open("wb") as file:
            pickle.dump(words, file)
        started = time.perf_counter()
        self._tree.fit(datasets)
        self._levels = clock.levels

    def save(self, folder: Path) -> None:
        for file in self._files():
            shutil.copyfile(file, folder / file.name)

    def load(self, folder: Path) -> None:
        first, second, clusters = (folder / file.name for file in self._files())
        width = self._given.beam_width
        self._networks = (
            Model.load_from_checkpoint(first, save_k_predictions=width, weights_only=False),
            attentionxml.PLTModel.load_from_checkpoint(second, save_k_predictions=self._k, weights_only=False),
        )
        self._clusters = np.load(clusters, allow_pickle=True)

    def predict(self, x: list[str], k: int) -> protocol.TopLabels:
        """What its ``test`` does, but for the metrics, which need the labels."""
        trainer = Trainer(devices=1, accelerator="cpu", logger=False, enable_progress_bar=False)
        text = self._encoded(x)
        above = trainer.predict(self._networks[0], self._tree.eval_dataloader(attentionxml.PlainDataset(text)))
        found = trainer.predict(self._networks[1], self._tree.eval_dataloader(self._candidates(text, above)))
        logits = np.vstack([batch["top_k_pred_scores"] for batch in found])
        own = np.vstack([batch["top_k_pred"] for batch in found])
        column = {name: number for number, name in enumerate(self._given.names)}
        # Padding has the number after the last label.
        columns = np.array([*(column[name] for name in self._classes), -1], np.int32)
        return protocol.TopLabels(columns[own], expit(logits).astype(np.float32))

    def predict_one(self, row: list[str], k: int) -> object:
        text = self._encoded(row)
        with torch.inference_mode():
            above = self._networks[0].predict_step({"text": text}, 0)
            item = self._candidates(text, [above])[0]
            batch = {name: torch.as_tensor(value)[None] for name, value in item.items()}
            return self._networks[1].predict_step(batch, 0)

    def facts(self) -> dict[str, object]:
        """Times of clusters, candidates and epochs."""
        return times_of(self._levels, self._began, self._clustering)

    def _files(self) -> tuple[Path, Path, Path]:
        tree = self._tree
        return tree.get_best_model_path(0), tree.get_best_model_path(1), tree.get_cluster_path()

    def _encoded(self, texts: list[str]) -> torch.Tensor:
        return self._tree.reformat_text([{"text": data_utils.tokenize(text)} for text in texts])

    def _candidates(self, text: torch.Tensor, above: list[dict[str, np.ndarray]]) -> object:
        scores = expit(np.vstack([batch["top_k_pred_scores"] for batch in above]))
        clusters = np.vstack([batch["top_k_pred"] for batch in above])
        labels, scores = self._tree.cluster2label(self._clusters, clusters, scores)
        return attentionxml.PLTDataset(
            text,
            num_classes=len(self._classes),
            num_labels_selected=self._given.beam_width * max(len(one) for one in self._clusters),
            labels_selected=labels,
            label_scores=scores,
        )


if __name__ == "__main__":
    kinds = {TREE: Tree, FLAT: Flat}
    both = SimpleNamespace(name=Flat.name, variants={**Tree.variants, **Flat.variants})
    arguments = protocol.parser(both).parse_args()
    peer = kinds[arguments.variant]()
    protocol.measure(peer, lambda: attention_xml_settings.read_plan(arguments.features_dir), arguments, peer.facts)
