"""Clones of documents with rare label sets."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from manylabel.data.sampling.base import Sampler, clone_order

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class LPROS(Sampler):
    """Clones documents whose label set is rarer than the mean, until `share` more are there.

    Every label set below the mean number of documents of a set gets clones up to that mean, drawn from its own
    documents; with too few clones for that, the rarest are raised to one level (the paper instead gives each set the
    same number). In large label spaces nearly every document has a label set of its own: then no set has a whole
    document less than the mean, and nothing is cloned.

    Source: Charte et al. (Neurocomputing 2015), section 4 (LP-ROS).
    """

    kind: Literal["lp-ros"] = "lp-ros"
    share: float = Field(default=0.25, ge=0, le=10, description="Clones, relative to the documents.")

    def rows(self, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Sampler.rows`; int64, n and up to ``round(share n)`` more."""
        n = positives.shape[0]
        wanted = round(self.share * n)
        sets = label_sets(positives)
        counts = np.bincount(sets)
        lacking = np.maximum(np.floor(counts.mean()) - counts, 0).astype(np.int64) if n else counts
        clones = _level(lacking, counts, wanted, random)
        order = np.argsort(sets, kind="stable")
        starts = np.cumsum(counts) - counts
        chosen = np.repeat(np.arange(len(counts)), clones)
        return clone_order(n, order[starts[chosen] + random.integers(counts[chosen])], random)


def label_sets(positives: csr_matrix) -> np.ndarray:
    """The number of each document's label set, int64 ``[n]``: equal where the labels are the same."""
    numbers: dict[bytes, int] = {}
    ordered = positives if positives.has_sorted_indices else positives.sorted_indices()
    indices = np.ascontiguousarray(ordered.indices)
    raw, width = indices.tobytes(), indices.itemsize
    bounds = (positives.indptr.astype(np.int64) * width).tolist()
    found = [numbers.setdefault(raw[a:b], len(numbers)) for a, b in pairwise(bounds)]
    return np.array(found, np.int64)


def _level(lacking: np.ndarray, counts: np.ndarray, wanted: int, random: np.random.Generator) -> np.ndarray:
    """Clones of each set: up to what it lacks; of too few, as many as raise the rarest to one level."""
    if lacking.sum() <= wanted:
        return lacking
    low, high = 0, int((counts + lacking).max())
    while high - low > 1:
        level = (low + high) // 2
        if np.minimum(np.maximum(level - counts, 0), lacking).sum() <= wanted:
            low = level
        else:
            high = level
    clones = np.minimum(np.maximum(low - counts, 0), lacking)
    # One more each would be too many: chance decides who gets one.
    next_ones = np.flatnonzero(counts + clones == low)
    clones[random.choice(next_ones, size=wanted - int(clones.sum()), replace=False)] += 1
    return clones
