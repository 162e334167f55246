"""manylabel's linear models on the same matrices. Runs in the environment that the benchmark itself runs in."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import protocol
import scipy.sparse as sp

from manylabel.core.labels import LabelSpace
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.base import Model, load
from manylabel.models.linear_ovr import LinearOVR
from manylabel.models.linear_tree import LinearTree

COMPILE = "--compile-only"


@dataclass(frozen=True)
class Variant:
    """A model and its options, as they stand in a configuration."""

    model: type[Model]
    options: dict[str, Any]

    def fitted(self, corpus: FeatureCorpus) -> Model:
        """A new model with these options, trained."""
        return self.model(**self.options).fit(corpus)


VARIANTS = {
    "tree": Variant(LinearTree, {}),
    "tree-kmeans": Variant(LinearTree, {"tree": {"clustering": "kmeans", "branching": 100}}),
    "trees3": Variant(LinearTree, {"trees": 3}),
    "trees3-kmeans": Variant(LinearTree, {"trees": 3, "tree": {"clustering": "kmeans", "branching": 100}}),
    "ovr": Variant(LinearOVR, {}),
}


class ManyLabel:
    name = "manylabel"
    distribution = "manylabel"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = {
        name: "margin" if variant.model is LinearOVR else "probability" for name, variant in VARIANTS.items()
    }

    def prepare(self, features: protocol.Features, scratch: Path) -> None:
        # The first use on a machine compiles, which the peers' makers have done for theirs: fill the cache beforehand.
        subprocess.run([sys.executable, __file__, COMPILE], check=True)
        self._corpus = _corpus(features.train_x, features.train_y)

    def fit(self, features: protocol.Features, variant: str) -> None:
        self._model = VARIANTS[variant].fitted(self._corpus)

    def save(self, folder: Path) -> None:
        self._model.save(folder / "run")

    def load(self, folder: Path) -> None:
        self._model = load(folder / "run")

    def predict(self, x: sp.csr_matrix, k: int) -> protocol.TopLabels:
        found = self._model.predict(x, k)
        return protocol.TopLabels(found.indices, found.scores)

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        return self._model.predict(row, k)


def _corpus(x: sp.csr_matrix, y: sp.csr_matrix) -> FeatureCorpus:
    return FeatureCorpus(x, y.astype(bool), LabelSpace([str(column) for column in range(y.shape[1])]))


def _compile() -> None:
    """Train, save, load and predict every variant on a little noise."""
    random = np.random.default_rng(0)
    x = sp.random(600, 300, density=0.05, format="csr", dtype=np.float32, random_state=random)
    y = sp.random(600, 400, density=0.02, format="csr", dtype=np.float32, random_state=random)
    for variant in VARIANTS.values():
        with tempfile.TemporaryDirectory() as folder:
            variant.fitted(_corpus(x, y)).save(Path(folder) / "run")
            model = load(Path(folder) / "run")
            model.predict(x, 10)
            model.predict(x[0], 10)


if __name__ == "__main__":
    if sys.argv[1:] == [COMPILE]:
        _compile()
    else:
        protocol.run(ManyLabel())
