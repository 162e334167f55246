"""What every sampler is, and how uneven labels are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from manylabel.core.config import Section

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class Sampler(Section, ABC):
    """Base of all samplers: a section of constants with its method. Only for training documents."""

    @abstractmethod
    def rows(self, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """The documents of one epoch.

        Args:
            positives: bool CSR ``[n, L]`` without duplicates, the labels of the training documents; is not changed.
            random: its state decides everything that is left to chance.

        Returns:
            Row numbers, int64, in the order of training; a document may stand there several times or not at all.
        """


def label_counts(positives: csr_matrix) -> np.ndarray:
    """Documents of each label, int64 ``[L]``."""
    return np.bincount(positives.indices, minlength=positives.shape[1])


def imbalance(counts: np.ndarray) -> np.ndarray:
    """IRLbl, float64 ``[L]``: how many times as many documents the most frequent label has; nan for a label with none.

    Source: Charte et al., Addressing imbalance in multilabel classification: Measures and random resampling algorithms
    (Neurocomputing 2015), section 3. Their mean over all labels is MeanIR.
    """
    ratios = np.full(len(counts), np.nan)
    found = counts > 0
    ratios[found] = counts.max(initial=0) / counts[found]
    return ratios


def best_of_each_row(values: np.ndarray, positives: csr_matrix, without: float) -> np.ndarray:
    """The largest value ``[L]`` among the labels of each document, ``[n]``; `without` for a document with none."""
    lengths = np.diff(positives.indptr)
    best = np.full(len(lengths), without, dtype=np.float64)
    filled = lengths > 0
    if filled.any():
        # Where rows without labels are left out, each remaining start is the end of the one before.
        best[filled] = np.maximum.reduceat(values[positives.indices], positives.indptr[:-1][filled])
    return best


def clone_order(n: int, clones: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Every document once and the clones besides, shuffled, int64."""
    return random.permutation(np.concatenate([np.arange(n, dtype=np.int64), clones.astype(np.int64)]))
