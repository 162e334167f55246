"""omikuji: Parabel (three balanced binary trees, its default) and Bonsai (three shallow 100-ary trees).

The library trains from a text file only, so reading that file is inside its training time; writing it is not.
It has no batch prediction: rows go through its one-row call from as many Python threads as the others get.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import omikuji
import protocol
import scipy.sparse as sp


class Omikuji:
    name = "omikuji"
    distribution = "omikuji"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = {"parabel_default": "probability", "bonsai": "probability"}

    def prepare(self, features: protocol.Features, scratch: Path) -> None:
        self._file = scratch / "train.txt"
        x, y = features.train_x, features.train_y
        with self._file.open("w", encoding="ascii") as out:
            out.write(f"{x.shape[0]} {x.shape[1]} {y.shape[1]}\n")
            for row in range(x.shape[0]):
                labels = y.indices[y.indptr[row] : y.indptr[row + 1]]
                out.write(",".join(map(str, labels)))
                for feature, value in _pairs(x, row):
                    out.write(f" {feature}:{value:.8g}")
                out.write("\n")

    def fit(self, features: protocol.Features, variant: str) -> None:
        parameters = omikuji.Model.default_hyper_param()
        if variant == "bonsai":
            # The settings its README gives for Bonsai.
            parameters.cluster_balanced = False
            parameters.cluster_k = 100
            parameters.max_depth = 3
        self._model = omikuji.Model.train_on_data(str(self._file), parameters, n_threads=protocol.THREADS)

    def save(self, folder: Path) -> None:
        self._model.save(str(folder))

    def load(self, folder: Path) -> None:
        self._model = omikuji.Model.load(str(folder))
        # What its own command line does before testing.
        self._model.densify_weights(0.1, n_threads=protocol.THREADS)
        self._model.init_prediction_thread_pool(protocol.THREADS)

    def predict(self, x: sp.csr_matrix, k: int) -> protocol.TopLabels:
        with ThreadPoolExecutor(protocol.THREADS) as pool:
            found = pool.map(lambda row: self._model.predict(_pairs(x, row), top_k=k), range(x.shape[0]))
            return protocol.top_of_pairs(list(found), k)

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        return self._model.predict(_pairs(row, 0), top_k=k)


def _pairs(x: sp.csr_matrix, row: int) -> list[tuple[int, float]]:
    span = slice(x.indptr[row], x.indptr[row + 1])
    return list(zip(x.indices[span].tolist(), x.data[span].tolist(), strict=True))


if __name__ == "__main__":
    protocol.run(Omikuji())
