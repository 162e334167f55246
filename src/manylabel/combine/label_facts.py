"""What is known of a label whatever the document."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.labels import LabelSpace
from manylabel.metrics.propensity import inverse_propensities

FACTS = ("documents", "propensity", "words", "depth")


@dataclass(frozen=True, eq=False)
class LabelFacts:
    """Facts of L labels.

    Attributes:
        values: float32 ``[L, 4]``: logarithm of one more than the training documents, propensity
            (Jain et al. 2016), words of the label's text, levels above it.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, labels: LabelSpace, positives: csr_matrix) -> LabelFacts:
        """Facts of labels and the training documents that have them.

        Args:
            labels: the L labels.
            positives: CSR ``[n, L]``.
        """
        n = positives.shape[0]
        counts = np.bincount(positives.indices, minlength=len(labels))
        words = np.array([len(labels.text_of(i).split()) for i in range(len(labels))])
        columns = [np.log1p(counts), 1.0 / inverse_propensities(counts, n), words, depths(labels.hierarchy)]
        return cls(np.column_stack(columns).astype(np.float32).reshape(len(labels), len(FACTS)))


def depths(parents: csr_matrix) -> np.ndarray:
    """Levels above each label on its shortest way up, int64 ``[L]``; 0 without parents, or in a circle without a top.

    Args:
        parents: bool CSR ``[L, L]``, true at (i, j) where j is a parent of i.
    """
    depth = np.where(np.diff(parents.indptr) == 0, 0, -1)
    above = csr_matrix(parents, dtype=np.float32)
    level = 0
    reached = depth == 0
    while reached.any():
        level += 1
        below = above @ reached.astype(np.float32) > 0
        reached = below & (depth < 0)
        depth[reached] = level
    return np.maximum(depth, 0)
