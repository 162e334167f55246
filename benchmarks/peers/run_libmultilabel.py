"""LibMultiLabel's linear side: its 100-ary tree, and one-versus-rest, with thresholds, and with costs by label, where
the dense weights fit.

Its predictions are dense ``[n, L]`` blocks, so the test part goes through in blocks of its own default size (256).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import numpy as np
import protocol
import psutil
import scipy.sparse as sp
from libmultilabel import linear

BLOCK = 256
OPTIONS = "-s 1 -B 1 -e 0.1 -m 1 -q"


class LibMultiLabel:
    name = "libmultilabel"
    distribution = "libmultilabel"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = {
        "tree": "probability",
        "1vsrest": "margin",
        "thresholding": "margin",
        "cost_sensitive": "margin",
        "cost_sensitive_micro": "margin",
    }

    def prepare(self, features: protocol.Features, scratch: Path) -> None:
        # It starts one thread per physical core, which is one on a two-thread core: give it what the others get.
        psutil.cpu_count = lambda logical=True: protocol.THREADS
        os.environ["TQDM_DISABLE"] = "1"
        np.random.seed(0)

    def fit(self, features: protocol.Features, variant: str) -> None:
        train = getattr(linear, f"train_{variant}")
        self._model = train(features.train_y, features.train_x, options=OPTIONS, verbose=False)

    def save(self, folder: Path) -> None:
        linear.save_pipeline(str(folder), None, self._model)

    def load(self, folder: Path) -> None:
        self._model = linear.load_pipeline(str(folder / "linear_pipeline.pickle"))[1]

    def predict(self, x: sp.csr_matrix, k: int) -> protocol.TopLabels:
        parts = [
            protocol.top_of_dense(np.asarray(linear.predict_values(self._model, x[start : start + BLOCK])), k)
            for start in range(0, x.shape[0], BLOCK)
        ]
        return protocol.TopLabels(np.vstack([p.indices for p in parts]), np.vstack([p.scores for p in parts]))

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        return protocol.top_of_dense(np.asarray(linear.predict_values(self._model, row)), k)


if __name__ == "__main__":
    protocol.run(LibMultiLabel())
