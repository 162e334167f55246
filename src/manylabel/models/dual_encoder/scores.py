"""What products of vectors are given out as."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.base import ElementwiseLoss, Loss


@dataclass(frozen=True)
class Scores:
    """Products to scores: probabilities where the loss judged each label by itself, else the products (cosines, where
    vectors have unit length), which order the labels of a document and have no common threshold.

    Attributes:
        kind: of the scores.
        scale: ``1 / tau``, of probabilities.
    """

    kind: ScoreKind
    scale: float

    @classmethod
    def of(cls, loss: Loss, scale: float) -> Scores:
        """Those of a loss.

        Args:
            loss: by which the vectors are trained.
            scale: what products were multiplied by in training.
        """
        alone = isinstance(loss, ElementwiseLoss) and loss.score_kind == "probability"
        return cls("probability" if alone else "similarity", scale)

    def given(self, products: np.ndarray) -> np.ndarray:
        """Scores float32 of products of any shape; minus infinity stays."""
        if self.kind == "similarity":
            return products.astype(np.float32)
        found = expit(self.scale * products.astype(np.float64)).astype(np.float32)
        return np.where(np.isneginf(products), -np.inf, found).astype(np.float32)
