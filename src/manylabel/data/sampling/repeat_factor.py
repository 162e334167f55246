"""Documents with a rare label several times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from manylabel.data.sampling.base import Sampler, best_of_each_row, label_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class RepeatFactor(Sampler):
    """A document comes ``max_l max(1, sqrt(t / f_l))`` times, l over its labels, f_l the share of documents with l.

    The fraction is a chance: 2.3 times is three times in three of ten epochs and twice in the others. Documents without
    labels come once.

    Source: Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation (CVPR 2019), section 5.
    """

    kind: Literal["repeat-factor"] = "repeat-factor"
    threshold: float = Field(default=1e-3, gt=0, le=1, description="Share of documents below which a label is rare.")

    def rows(self, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Sampler.rows`; int64, at least n of them."""
        times = self.factors(positives)
        whole = np.floor(times)
        repeats = whole.astype(np.int64) + (random.random(len(times)) < times - whole)
        return random.permutation(np.repeat(np.arange(len(times), dtype=np.int64), repeats))

    def factors(self, positives: csr_matrix) -> np.ndarray:
        """How often each document comes on average, float64 ``[n]``, at least 1."""
        share = np.maximum(label_counts(positives), 1) / max(positives.shape[0], 1)
        return best_of_each_row(np.maximum(1.0, np.sqrt(self.threshold / share)), positives, 1.0)
