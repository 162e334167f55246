"""manylabel's linear tree on the same matrices. Runs in the environment that the benchmark itself runs in."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import protocol
import scipy.sparse as sp
from manylabel.models.linear_tree import LinearTree


class ManyLabel:
    name = "manylabel"
    distribution = "manylabel"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = {"tree": "probability"}

    def prepare(self, features: protocol.Features, scratch: Path) -> None:
        pass

    def fit(self, features: protocol.Features, variant: str) -> None:
        self._model = LinearTree().fit_matrix(features.train_x, features.train_y)

    def save(self, folder: Path) -> None:
        self._model.save(folder / "run")

    def load(self, folder: Path) -> None:
        self._model = LinearTree.load(folder / "run")

    def predict(self, x: sp.csr_matrix, k: int) -> protocol.TopLabels:
        found = self._model.predict_matrix(x, k)
        return protocol.TopLabels(found.indices, found.scores)

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        return self._model.predict_matrix(row, k)


if __name__ == "__main__":
    protocol.run(ManyLabel())
