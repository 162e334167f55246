"""scikit-learn: one versus rest over ``LinearSVC()``, defaults. Its weights are dense, so for small label sets only."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import joblib
import numpy as np
import protocol
import scipy.sparse as sp
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

DENSE_WEIGHTS_LIMIT = 2**32
BLOCK = 1024


class ScikitLearn:
    name = "scikit-learn"
    distribution = "scikit-learn"
    variants: ClassVar[dict[str, protocol.ScoreKind]] = {"ovr_linearsvc": "margin"}

    def prepare(self, features: protocol.Features, scratch: Path) -> None:
        weights = features.train_y.shape[1] * features.train_x.shape[1] * 8
        if weights > DENSE_WEIGHTS_LIMIT:
            raise SystemExit(f"scikit-learn would hold {weights / 2**30:.1f} GiB of dense weights: not run")

    def fit(self, features: protocol.Features, variant: str) -> None:
        # One job: liblinear holds the interpreter's lock, and two processes take longer than one on small sets.
        self._model = OneVsRestClassifier(LinearSVC()).fit(features.train_x, features.train_y.astype(np.int8))

    def save(self, folder: Path) -> None:
        joblib.dump(self._model, folder / "model.joblib")

    def load(self, folder: Path) -> None:
        self._model = joblib.load(folder / "model.joblib")

    def predict(self, x: sp.csr_matrix, k: int) -> protocol.TopLabels:
        parts = [
            protocol.top_of_dense(self._model.decision_function(x[start : start + BLOCK]), k)
            for start in range(0, x.shape[0], BLOCK)
        ]
        return protocol.TopLabels(np.vstack([p.indices for p in parts]), np.vstack([p.scores for p in parts]))

    def predict_one(self, row: sp.csr_matrix, k: int) -> object:
        return protocol.top_of_dense(self._model.decision_function(row), k)


if __name__ == "__main__":
    protocol.run(ScikitLearn())
