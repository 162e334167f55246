"""A memory of documents and labels that answers with one softmax over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from manylabel.combine.nearest_dense import NearestDense
from manylabel.core.arrays import check_offsets
from manylabel.core.topk import NO_LABEL

_QUERIES_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class KeyMemory:
    """Keys of documents, which stand for the labels that they have, and keys of labels, which stand for themselves.

    ``p = softmax_b(<q, K> / tau) V`` over the b keys nearest to the query q; the row of V of a document is ``w`` times
    its labels, that of a label ``1 - w`` at the label. So w tells how much documents count against the labels' own
    nearness: at 0 only labels speak, at 1 only documents.

    A label that is added later is no party to the softmax: it gets ``(1 - w) e^s / Z`` with the sum Z of the others. A
    label that is removed goes on taking its share of Z and gives it to nothing. So neither changes another score.

    Source: RAE-XMC (arXiv 2502.10615, 2025), section 3: keys, values and the softmax over both.

    Attributes:
        documents: float32 ``[n, d]``.
        positives: bool CSR ``[n, L]``.
        labels: keys in the softmax, float32 ``[M, d]``.
        numbers: int32 ``[M]``, the label of each, -1 for one that was removed.
        added: keys of labels that came later, float32 ``[A, d]``.
        added_numbers: int32 ``[A]``.
        scale: 1 / tau.
        neighbours: b.
        weight: w, in [0, 1].
    """

    documents: np.ndarray
    positives: csr_matrix
    labels: np.ndarray
    numbers: np.ndarray
    added: np.ndarray
    added_numbers: np.ndarray
    scale: float
    neighbours: int
    weight: float

    @classmethod
    def of(
        cls, documents: np.ndarray, positives: csr_matrix, labels: np.ndarray, *, scale: float, neighbours: int
    ) -> KeyMemory:
        """Remember documents and labels; documents and labels count alike until a weight is chosen.

        Args:
            documents: float32 ``[n, d]``.
            positives: of these, bool CSR ``[n, L]``.
            labels: float32 ``[L, d]``.
            scale: 1 / tau.
            neighbours: b, at least 1.
        """
        numbers = np.arange(len(labels), dtype=np.int32)
        nothing = np.zeros((0, labels.shape[1]), np.float32)
        return cls(
            documents,
            csr_matrix(positives, dtype=np.bool_),
            labels,
            numbers,
            nothing,
            numbers[:0],
            scale,
            neighbours,
            0.5,
        )

    @property
    def n_labels(self) -> int:
        """L: labels that are there, without those that were removed."""
        return self.positives.shape[1]

    def best(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels of each query; the same bits in whatever company it is asked.

        Args:
            queries: float32 ``[n, d]``.
            k: how many.

        Returns:
            int32 and float32 ``[n, k]``, best first, ties by label, padded where no more labels are near.
        """
        indices = np.full((len(queries), k), NO_LABEL, np.int32)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        for at in range(0, len(queries), _QUERIES_AT_ONCE):
            block = slice(at, at + _QUERIES_AT_ONCE)
            told, own = self.parts(queries[block])
            found = csr_matrix(told * self.weight + own * (1.0 - self.weight))
            indices[block], scores[block] = _largest(found, k)
        return indices, scores

    def parts(self, queries: np.ndarray) -> tuple[csr_matrix, csr_matrix]:
        """What documents say, and how near the labels themselves are: two float64 CSR ``[n, L]``, each before its
        weight."""
        rows, products = self._index.find(queries, self.neighbours, above=-np.inf)
        there = rows >= 0
        heights = np.where(there, products.astype(np.float64) * self.scale, -np.inf)
        highest = heights.max(axis=1, initial=-np.inf, keepdims=True)
        shares = np.exp(heights - np.where(np.isfinite(highest), highest, 0.0))
        sums = shares.sum(axis=1, keepdims=True)
        shares /= np.where(sums > 0, sums, 1.0)
        n, n_documents = len(queries), len(self.documents)
        of_documents = there & (rows < n_documents)
        asked = _sparse(rows, shares, of_documents, (n, n_documents))
        told = csr_matrix(asked @ self.positives.astype(np.float64))
        numbers = np.where(there & ~of_documents, self._number_of(rows - n_documents), NO_LABEL)
        own = _sparse(numbers, shares, numbers >= 0, (n, self.n_labels))
        if len(self.added):
            nearest, near = self._added_index.find(queries, min(self.neighbours, len(self.added)), above=-np.inf)
            more = np.exp(near.astype(np.float64) * self.scale - highest) / sums
            own = csr_matrix(own + _sparse(self.added_numbers[nearest], more, nearest >= 0, own.shape))
        return told, own

    def with_weight(self, weight: float) -> Self:
        """The same with another weight of the documents."""
        return replace(self, weight=weight)

    def with_labels(self, vectors: np.ndarray) -> Self:
        """The same with more labels, behind those that are there: float32 ``[m, d]``."""
        more = np.arange(self.n_labels, self.n_labels + len(vectors), dtype=np.int32)
        old = self.positives
        widened = csr_matrix((old.data, old.indices, old.indptr), shape=(old.shape[0], self.n_labels + len(vectors)))
        return replace(
            self,
            positives=widened,
            added=np.concatenate([self.added, vectors]),
            added_numbers=np.concatenate([self.added_numbers, more]),
        )

    def keep_labels(self, kept: np.ndarray) -> Self:
        """The same without other labels.

        Args:
            kept: int64, ascending, those that remain.
        """
        renamed = np.full(self.n_labels + 1, NO_LABEL, np.int32)  # the last one for keys that have no label
        renamed[kept] = np.arange(len(kept))
        added = renamed[self.added_numbers]
        return replace(
            self,
            positives=csr_matrix(self.positives[:, kept]),
            numbers=renamed[self.numbers],
            added=self.added[added >= 0],
            added_numbers=added[added >= 0],
        )

    def with_documents(self, vectors: np.ndarray, positives: csr_matrix) -> Self:
        """The same with more documents, float32 ``[m, d]`` with bool CSR ``[m, L]``; scores near them change."""
        together = csr_matrix(vstack([self.positives, positives], format="csr"), dtype=np.bool_)
        return replace(self, documents=np.concatenate([self.documents, vectors]), positives=together)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return {
            "documents": self.documents,
            "positives_indptr": self.positives.indptr.astype(np.int64),
            "positives_indices": self.positives.indices.astype(np.int32),
            "labels": self.labels,
            "numbers": self.numbers,
            "added": self.added,
            "added_numbers": self.added_numbers,
            "settings": np.array([self.scale, self.weight], np.float64),
            "neighbours": np.array([self.neighbours], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], n_labels: int, width: int) -> KeyMemory:
        """Read what :meth:`to_arrays` gave.

        Args:
            arrays: by name.
            n_labels: L.
            width: d.

        Raises:
            KeyError, ValueError: the arrays make no memory of so many labels and numbers.
        """
        documents, labels, added = (arrays[name] for name in ("documents", "labels", "added"))
        for part in (documents, labels, added):
            if part.ndim != 2 or part.shape[1] != width or part.dtype != np.float32:
                raise ValueError("keys of the memory have the wrong shape or type")
        indptr, indices = arrays["positives_indptr"], arrays["positives_indices"]
        check_offsets(indptr, len(documents), len(indices), "labels of the memory")
        numbers, later = arrays["numbers"], arrays["added_numbers"]
        if numbers.shape != (len(labels),) or later.shape != (len(added),):
            raise ValueError("labels of the memory's keys are missing")
        for part, least in ((indices, 0), (numbers, NO_LABEL), (later, 0)):
            if len(part) and not least <= part.min() <= part.max() < n_labels:
                raise ValueError("a label of the memory is out of range")
        scale, weight = (float(value) for value in arrays["settings"])
        neighbours = int(arrays["neighbours"][0])
        if not (scale > 0 and 0 <= weight <= 1 and neighbours >= 1):
            raise ValueError("the memory's settings are out of range")
        ones = np.ones(len(indices), bool)
        positives = csr_matrix((ones, indices, indptr), shape=(len(documents), n_labels), copy=False)
        return cls(documents, positives, labels, numbers, added, later, scale, neighbours, weight)

    @cached_property
    def _index(self) -> NearestDense:
        return NearestDense.build(np.concatenate([self.documents, self.labels]))

    @cached_property
    def _added_index(self) -> NearestDense:
        return NearestDense.build(self.added)

    def _number_of(self, keys: np.ndarray) -> np.ndarray:
        """The labels of label keys; what stands for other keys is of no consequence."""
        return self.numbers[np.clip(keys, 0, max(len(self.numbers) - 1, 0))] if len(self.numbers) else keys * 0 - 1


def _sparse(columns: np.ndarray, values: np.ndarray, there: np.ndarray, shape: tuple[int, int]) -> csr_matrix:
    """The values ``[n, b]`` at their columns, in order of these."""
    rows = np.nonzero(there)[0]
    return csr_matrix((values[there], (rows, columns[there])), shape=shape)


def _largest(scores: csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
    from manylabel.core.topk import TopK

    scores.eliminate_zeros()
    found = TopK.from_csr(scores, k)
    return found.indices, found.scores
