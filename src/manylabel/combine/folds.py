"""Folds of the training documents, so that a ranker sees sources on documents that they have not learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix


def assign_folds(positives: csr_matrix, folds: int, *, seed: int, texts: Sequence[str] | None = None) -> np.ndarray:
    """The fold of each document, int64 ``[n]``.

    Documents are ordered by their rarest label and dealt out in turn, so that the documents of a label, above all of a
    rare one, spread over the folds. Documents with the same text go to the same fold: one must not be asked for what
    its twin taught.

    Args:
        positives: CSR ``[n, L]``.
        folds: how many.
        seed: of the order among documents with the same rarest label.
        texts: the n texts, where known.
    """
    n = positives.shape[0]
    twin = _first_twins(texts) if texts is not None else np.arange(n)
    counts = np.bincount(positives.indices, minlength=positives.shape[1])
    rarest = np.full(n, positives.shape[1], np.int64)
    of_entry = np.lexsort((positives.indices, counts[positives.indices]))
    rank = np.empty(positives.nnz, np.int64)
    rank[of_entry] = np.arange(positives.nnz)
    rows = np.repeat(np.arange(n), np.diff(positives.indptr))
    best = np.full(n, positives.nnz, np.int64)
    np.minimum.at(best, rows, rank)
    has = best < positives.nnz
    rarest[has] = positives.indices[of_entry[best[has]]]
    chance = np.random.default_rng(seed).permutation(n)
    order = np.lexsort((chance, rarest))
    leaders = order[twin[order] == order]
    dealt = np.empty(n, np.int64)
    dealt[leaders] = np.arange(len(leaders)) % folds
    return dealt[twin]


def _first_twins(texts: Sequence[str]) -> np.ndarray:
    """For each text the first position of an equal one."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, position) for position, text in enumerate(texts)], np.int64)
