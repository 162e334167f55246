"""napkinXC: probabilistic label tree (Jasinska-Kobus et al. 2020) with the library's default parameters.

It trains straight into a folder, so saving is inside its training time.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

import protocol
import scipy.sparse as sp
from napkinxc.models import PLT


class NapkinXC:
    name = "napkinxc"
    distribution = "napkinxc"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = {"plt_default": "probability"}

    def prepare(self, features: protocol.Features, scratch: Path) -> None:
        self._output = scratch / "model"

    def fit(self, features: protocol.Features, variant: str) -> None:
        self._model = self._new(self._output)
        self._model.fit(features.train_x, features.train_y)

    def save(self, folder: Path) -> None:
        shutil.copytree(self._output, folder, dirs_exist_ok=True)

    def load(self, folder: Path) -> None:
        self._model = self._new(folder)
        self._model.load()

    def predict(self, x: sp.csr_matrix, k: int) -> protocol.TopLabels:
        return protocol.top_of_pairs(self._model.predict_proba(x, top_k=k), k)

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        return self._model.predict_proba(row, top_k=k)

    def _new(self, folder: Path) -> PLT:
        return PLT(str(folder), threads=protocol.THREADS, seed=0)


if __name__ == "__main__":
    protocol.run(NapkinXC())
