"""PECOS XR-Linear with its default parameters (Yu et al. 2022): PIFA features, hierarchical 2-means, tree of SVMs.

Its default beam is 20 (the ``only_topk`` of every level). ``beam10`` is the same model searched half as wide.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import protocol
import scipy.sparse as sp
from pecos.xmc import Indexer, LabelEmbeddingFactory
from pecos.xmc.xlinear.model import XLinearModel


class Pecos:
    name = "pecos"
    distribution = "libpecos"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = {"default": "probability", "beam10": "probability"}

    def prepare(self, features: protocol.Features, scratch: Path) -> None:
        # PECOS asks for CSC labels in float32, and its C++ side for sorted rows.
        self._beam = None
        self._labels = sp.csc_matrix(features.train_y, dtype=np.float32)

    def fit(self, features: protocol.Features, variant: str) -> None:
        self._beam = 10 if variant == "beam10" else None
        label_features = LabelEmbeddingFactory.create(
            self._labels, features.train_x, method="pifa", threads=protocol.THREADS
        )
        chain = Indexer.gen(label_features, indexer_type="hierarchicalkmeans", threads=protocol.THREADS)
        self._model = XLinearModel.train(features.train_x, self._labels, C=chain, threads=protocol.THREADS)

    def save(self, folder: Path) -> None:
        self._model.save(str(folder))

    def load(self, folder: Path) -> None:
        # The library's fast path: weights stay on its C++ side.
        self._model = XLinearModel.load(str(folder), is_predict_only=True)

    def predict(self, x: sp.csr_matrix, k: int) -> protocol.TopLabels:
        scores = self._model.predict(x, only_topk=k, beam_size=self._beam, threads=protocol.THREADS)
        return protocol.top_of_csr(scores, k)

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        # A second thread only slows one row down.
        return self._model.predict(row, only_topk=k, beam_size=self._beam, threads=1)


if __name__ == "__main__":
    protocol.run(Pecos())
