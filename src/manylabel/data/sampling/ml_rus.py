"""Without some of the documents that have only frequent labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from manylabel.data.sampling.base import Sampler, best_of_each_row, imbalance, label_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class MLRUS(Sampler):
    """Leaves out documents all of whose labels are frequent, up to `share` of all documents, drawn anew each epoch.

    Frequent is a label with an imbalance (IRLbl) below the mean over all labels, and, where `least` is set, with at
    least so many documents. Documents without labels stay.

    Source: Charte et al. (Neurocomputing 2015), section 4 (ML-RUS), who leave out documents for good.
    """

    kind: Literal["ml-rus"] = "ml-rus"
    share: float = Field(default=0.25, ge=0, lt=1, description="Documents to leave out, relative to all.")
    least: int = Field(default=100, ge=1, description="Documents below which no label is frequent.")

    def rows(self, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Sampler.rows`; int64, n less up to ``round(share n)``."""
        n = positives.shape[0]
        candidates = np.flatnonzero(self.of_frequent_labels(positives))
        dropped = random.choice(candidates, size=min(round(self.share * n), len(candidates)), replace=False)
        return random.permutation(np.setdiff1d(np.arange(n, dtype=np.int64), dropped))

    def of_frequent_labels(self, positives: csr_matrix) -> np.ndarray:
        """Whether a document has labels and all of them are frequent, bool ``[n]``."""
        counts = label_counts(positives)
        ratios = imbalance(counts)
        mean = np.nanmean(ratios) if counts.any() else np.inf
        rare = (ratios >= mean) | (counts < self.least)
        return best_of_each_row(rare, positives, 1.0) == 0
