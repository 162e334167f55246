"""Which labels stand together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, triu

from manylabel.core.corpus import Corpus
from manylabel.data.inspect.wording import label_name

_MOST_PRODUCTS = 40_000_000
_PAIRS = 20
_MATRIX = 20


@dataclass(frozen=True)
class Pair:
    """Two labels.

    Attributes:
        labels: their names, with their texts.
        documents: training documents (of those counted) with both.
        jaccard: those with both divided by those with either.
    """

    labels: tuple[str, str]
    documents: int
    jaccard: float


@dataclass(frozen=True)
class Together:
    """Co-occurrence of labels in training documents.

    Attributes:
        documents: how many documents were counted: all, or a sample where documents have very many labels.
        pairs: how many different pairs of labels stand together.
        most_frequent: the most frequent pairs.
        labels: the most frequent labels, named likewise, for `matrix`.
        matrix: share of the documents with the label of the row that have the label of the column.
    """

    documents: int
    pairs: int
    most_frequent: tuple[Pair, ...]
    labels: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


def labels_together(corpus: Corpus, counts: np.ndarray, seed: int) -> Together:
    """Count pairs of labels.

    Args:
        corpus: the training part.
        counts: int64 ``[L]``, its documents of each label.
        seed: of the sample.
    """
    positives = _sample(corpus.positives, seed).astype(np.int32)
    joint = csr_matrix(positives.T @ positives)
    own = joint.diagonal()
    upper = triu(joint, k=1, format="coo")
    best = np.lexsort((upper.col, upper.row, -upper.data))[:_PAIRS]
    space = corpus.labels
    pairs = tuple(
        Pair((label_name(space, i), label_name(space, j)), int(both), float(both / (own[i] + own[j] - both)))
        for i, j, both in zip(upper.row[best].tolist(), upper.col[best].tolist(), upper.data[best], strict=True)
    )
    frequent = np.argsort(-counts, kind="stable")[:_MATRIX]
    frequent = frequent[own[frequent] > 0]
    block = joint[frequent][:, frequent].toarray() / own[frequent][:, None]
    return Together(
        int(positives.shape[0]),
        int(upper.nnz),
        pairs,
        tuple(label_name(space, i) for i in frequent.tolist()),
        tuple(tuple(float(value) for value in row) for row in block),
    )


def _sample(positives: csr_matrix, seed: int) -> csr_matrix:
    """All documents, or as many as keep the number of pairs within bounds: one with k labels has k * k of them."""
    products = np.diff(positives.indptr).astype(np.int64) ** 2
    if products.sum() <= _MOST_PRODUCTS:
        return positives
    order = np.random.default_rng(seed).permutation(len(products))
    return positives[np.sort(order[: max(1, np.searchsorted(np.cumsum(products[order]), _MOST_PRODUCTS))])]
