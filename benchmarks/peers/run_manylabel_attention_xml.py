"""manylabel's models of ``attention_xml.py``; those that are networks with the settings of LibMultiLabel's."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, ClassVar

import attention_xml_settings
import numpy as np
import protocol
import torch
from attention_xml_settings import Plan, with_share
from attention_xml_variants import FLAT, FUSED, FUSED_TREE, LINEAR, TREE
from level_times import times_of
from network_settings import Documents
from run_manylabel_nn import ManyLabelNN, corpus_of
from watching import TimedStages, Watch

from manylabel import LabelSpace, load
from manylabel.models import MODELS
from manylabel.models.base import Model

COMPILE = "--compile-only"
SMALL = {"encoder": {"kind": "bilstm", "hidden_dim": 4, "min_count": 1}, "train": {"epochs": 1, "device": "cpu"}}


class ManyLabel(ManyLabelNN):
    variants: ClassVar[dict[str, protocol.ScoreKind]] = dict.fromkeys(
        (TREE, FLAT, LINEAR, FUSED, FUSED_TREE), "probability"
    )

    def prepare(self, features: Plan, scratch: Path) -> None:
        # As in run_manylabel.py: the peers come compiled. Optimisers import torch._dynamo when they are first made.
        subprocess.run([sys.executable, __file__, COMPILE], check=True)
        importlib.import_module("torch._dynamo")
        torch.set_num_threads(protocol.THREADS)
        space = LabelSpace(features.names, texts=features.label_texts, parents=features.label_parents)
        self._training, self._validation = (corpus_of(part, space) for part in (features.train, features.validation))

    def fit(self, features: Plan, variant: str) -> None:
        self._watch = Watch()
        self._stages = TimedStages(self._watch)
        self._model = _new(features.model(variant))
        self._networks = variant in (TREE, FLAT)
        if self._networks:
            self._model.validate_on(self._validation)
        self._began = time.perf_counter()
        self._model.fit(self._training, stages=self._stages, progress=self._watch)

    def facts(self) -> dict[str, object]:
        """Times of every stage; of networks those of epochs, clusters and candidates."""
        seconds: dict[str, float] = defaultdict(float)
        for name, taken in self._stages.seconds.items():
            seconds[name] += taken
        found: dict[str, object] = {"stages_seconds": {name: round(taken, 3) for name, taken in seconds.items()}}
        if self._networks:
            levels = list(self._stages.levels.values())
            clusters = [taken for name, taken in seconds.items() if name.endswith("clusters")]
            found |= times_of(levels, self._began, sum(clusters) if clusters else None)
        return found


def _new(options: dict[str, Any]) -> Model:
    options = dict(options)
    return MODELS.load(options.pop("kind"))(**options)


def _compile() -> None:
    """Train, save, load and ask every model on a few made-up texts, so that everything compiled lies in its cache."""
    random = np.random.default_rng(0)
    names = [f"label{i}" for i in range(40)]
    parents = [(names[i // 4],) if i else () for i in range(40)]
    space = LabelSpace(names, texts=[f"word{i} word{i + 1}" for i in range(40)], parents=parents)
    drawn = random.integers(0, 40, (400, 3))
    texts = [" ".join(f"word{i} filler{i + j}" for j, i in enumerate(row)) for row in drawn.tolist()]
    corpus = corpus_of(Documents(texts, [sorted({names[i] for i in row}) for row in drawn.tolist()]), space)
    tree = with_share({"kind": TREE, **SMALL, "beam_width": 2}, 0.1)
    for options in (tree, {"kind": "network", **SMALL}, {"kind": "linear-tree"}, {"kind": "fused"}):
        with tempfile.TemporaryDirectory() as folder:
            _new(options).fit(corpus).save(Path(folder) / "run")
            model = load(Path(folder) / "run")
            model.predict(texts, 10)
            model.predict(texts[:1], 10)


def main() -> None:
    """Command line."""
    if sys.argv[1:] == [COMPILE]:
        _compile()
        return
    peer = ManyLabel()
    arguments = protocol.parser(peer).parse_args()
    protocol.measure(peer, lambda: attention_xml_settings.read_plan(arguments.features_dir), arguments, peer.facts)


if __name__ == "__main__":
    main()
