"""Every document once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from manylabel.data.sampling.base import Sampler

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Plain(Sampler):
    """A random order of all documents."""

    kind: Literal["plain"] = "plain"

    def rows(self, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Sampler.rows`; int64 ``[n]``."""
        return random.permutation(positives.shape[0]).astype(np.int64, copy=False)
