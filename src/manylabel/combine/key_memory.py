"""A memory of documents and labels that answers with one softmax over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix, vstack
from scipy.special import expit

from manylabel.combine.nearest import NO_ROW
from manylabel.combine.nearest_approximate import NearestApproximate, share_found
from manylabel.combine.nearest_approximate_config import ApproximateConfig
from manylabel.combine.nearest_dense import NearestDense
from manylabel.core.arrays import check_offsets, with_prefix, without_prefix
from manylabel.core.topk import NO_LABEL, TopK

_QUERIES_AT_ONCE = 1024
_DOCUMENT_GRAPH, _LABEL_GRAPH = "document_graph", "label_graph"


@dataclass(frozen=True, eq=False)
class FoundKeys:
    """Keys near to n queries.

    Attributes:
        keys: of the b nearest, int32 ``[n, b]``, documents before labels; negative: none.
        products: of these with the queries, float32 ``[n, b]``.
        label_products: of the nearest label of all, float32 ``[n]``, minus infinity where there is none.
        added: of the nearest labels that came later, int32 ``[n, a]``.
        added_products: of these, float32 ``[n, a]``.
    """

    keys: np.ndarray
    products: np.ndarray
    label_products: np.ndarray
    added: np.ndarray
    added_products: np.ndarray


@dataclass(frozen=True, eq=False)
class Parts:
    """What a memory says of n queries, before its weight.

    Attributes:
        told: by documents of their labels, float64 CSR ``[n, L]``.
        own: by these labels of themselves, of the same kind.
        others: by labels without documents of themselves, of the same kind.
    """

    told: csr_matrix
    own: csr_matrix
    others: csr_matrix

    def best(self, weight: float, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels of each query where documents have a weight in [0, 1].

        Returns:
            int32 and float32 ``[n, k]``, best first, ties by label, padded where no more labels are near.
        """
        scores = csr_matrix(self.told * weight + self.own * (1.0 - weight) + self.others)
        scores.eliminate_zeros()
        found = TopK.from_csr(scores, k)
        return found.indices, found.scores


@dataclass(frozen=True, eq=False)
class KeyMemory:
    """Keys of documents, which stand for the labels that they have, and keys of labels, which stand for themselves.

    ``p = softmax_b(<q, K> / tau) V`` over the b keys nearest to the query q; the row of V of a document is ``w`` times
    its labels, that of a label ``1 - w`` at the label. So w tells how much documents count against the labels' own
    nearness: at 0 only labels speak, at 1 only documents.

    That is for labels that a remembered document has. Of others no document can tell, so that ``1 - w`` of their share
    would set them behind for nothing (RAE-XMC has no such labels): they get ``e^s / Z_l``, with Z_l the sum over those
    of the b keys that are labels, or over the nearest label where none is.

    A label that is added later is one of these others and no party to the sums of any other: it gets
    ``e^s / (Z_l + e^s)``, as if it alone had come; of more than b such labels the b nearest are looked at. A label that
    is removed goes on taking its share and gives it to nothing. So neither changes another score.

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
        document_graph: for an approximate search of the documents' keys; without it all are looked at.
        label_graph: the same of the labels' keys.
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
    document_graph: NearestApproximate | None = None
    label_graph: NearestApproximate | None = None

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

        Raises:
            ValueError: neither a document nor a label, so that nothing would share the softmax.
        """
        if not len(documents) + len(labels):
            raise ValueError("a memory needs a document or a label")
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
            indices[block], scores[block] = self.parts(self.find(queries[block])).best(self.weight, k)
        return indices, scores

    def find(self, queries: np.ndarray) -> FoundKeys:
        """The nearest keys of queries float32 ``[n, d]``; whatever the temperature, they are the same."""
        rows, products, labels = self._nearest(queries)
        if not len(self.added):
            return FoundKeys(rows, products, labels, rows[:, :0], products[:, :0])
        width = min(self.neighbours, len(self.added))
        return FoundKeys(rows, products, labels, *self._added_index.find(queries, width, above=-np.inf))

    def parts(self, found: FoundKeys) -> Parts:
        """What documents say of labels and labels of themselves, given what :meth:`find` found of n queries."""
        there = found.keys >= 0
        heights = np.where(there, found.products.astype(np.float64) * self.scale, -np.inf)
        highest = heights.max(axis=1, keepdims=True)
        shares = np.exp(heights - highest)
        shares /= shares.sum(axis=1, keepdims=True)
        n_documents, shape = len(self.documents), (len(heights), self.n_labels)
        of_documents = there & (found.keys < n_documents)
        near, places = np.unique(found.keys[of_documents], return_inverse=True)  # all labels were many for few queries
        asked = csr_matrix(
            (shares[of_documents], (np.nonzero(of_documents)[0], places)), shape=(len(heights), len(near))
        )
        told = csr_matrix(asked @ self.positives[near].astype(np.float64))
        of_labels = there & ~of_documents
        numbers = np.where(of_labels, self._number_of(found.keys - n_documents), NO_LABEL)
        documented = self._documented[numbers]
        own = _sparse(numbers, shares, documented, shape)
        first = np.where(np.isfinite(found.label_products), found.label_products, 0.0).astype(np.float64) * self.scale
        alone = np.where(of_labels, np.exp(np.minimum(heights - first[:, None], 0.0)), 0.0)
        among = np.maximum(alone.sum(axis=1, keepdims=True), 1.0)
        others = _sparse(numbers, alone / among, (numbers >= 0) & ~documented, shape)
        if found.added.shape[1]:
            later = found.added_products.astype(np.float64) * self.scale - first[:, None]
            more = expit(later - np.log(among))
            others = csr_matrix(others + _sparse(self.added_numbers[found.added], more, found.added >= 0, shape))
        return Parts(told, own, others)

    @cached_property
    def _documented(self) -> np.ndarray:
        """Which labels a document has, bool ``[L + 1]``; the last stands for no label."""
        return np.bincount(self.positives.indices, minlength=self.n_labels + 1) > 0

    def with_scale(self, scale: float) -> Self:
        """The same with another 1 / tau."""
        return replace(self, scale=scale)

    def with_weight(self, weight: float) -> Self:
        """The same with another weight of the documents."""
        return replace(self, weight=weight)

    def with_graphs(self, config: ApproximateConfig) -> Self:
        """The same, whose keys are found approximately.

        The documents' and the labels' keys have a graph each: keys of labels lie apart from those of documents, and a
        walk that begins among the many seldom comes to the few.

        Raises:
            MissingExtraError: faiss is not installed.
        """
        document_graph = NearestApproximate.build(self.documents, config)
        return replace(self, document_graph=document_graph, label_graph=NearestApproximate.build(self.labels, config))

    def recall(self, queries: np.ndarray) -> float:
        """The share of the b nearest keys of these queries that are found: 1 without graphs; see :func:`share_found`.

        Args:
            queries: float32 ``[n, d]``, at most some thousands.
        """
        exact = replace(self, document_graph=None, label_graph=None)
        return share_found(self.find(queries).products, exact.find(queries).products)

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
        graph = None if self.document_graph is None else self.document_graph.with_rows(vectors)
        documents = np.concatenate([self.documents, vectors]) if graph is None else graph.exact.rows
        return replace(self, documents=documents, positives=together, document_graph=graph)

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
            **({} if self.document_graph is None else with_prefix(_DOCUMENT_GRAPH, self.document_graph.to_arrays())),
            **({} if self.label_graph is None else with_prefix(_LABEL_GRAPH, self.label_graph.to_arrays())),
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
        if not len(documents) + len(labels):
            raise ValueError("the memory has no keys")
        indptr, indices = arrays["positives_indptr"], arrays["positives_indices"]
        check_offsets(indptr, len(documents), len(indices), "labels of the memory")
        numbers, later = arrays["numbers"], arrays["added_numbers"]
        if numbers.shape != (len(labels),) or later.shape != (len(added),):
            raise ValueError("labels of the memory's keys are missing")
        for part, least in ((indices, 0), (numbers, NO_LABEL), (later, 0)):
            if part.ndim != 1 or part.dtype != np.int32:
                raise ValueError("labels of the memory have the wrong shape or type")
            if len(part) and not least <= part.min() <= part.max() < n_labels:
                raise ValueError("a label of the memory is out of range")
        settings, counts = arrays["settings"], arrays["neighbours"]
        if settings.shape != (2,) or counts.shape != (1,):
            raise ValueError("the memory's settings have the wrong shape")
        (scale, weight), neighbours = settings.tolist(), int(counts[0])
        if not (0 < scale < np.inf and 0 <= weight <= 1 and neighbours >= 1):
            raise ValueError("the memory's settings are out of range")
        ones = np.ones(len(indices), bool)
        positives = csr_matrix((ones, indices, indptr), shape=(len(documents), n_labels), copy=False)
        graphs = (_graph(_DOCUMENT_GRAPH, arrays, documents), _graph(_LABEL_GRAPH, arrays, labels))
        return cls(documents, positives, labels, numbers, added, later, scale, neighbours, weight, *graphs)

    def _nearest(self, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers int32 and products float32 ``[n, b]`` of the nearest keys, documents before labels; ties as these.
        And the product with the nearest label, float32 ``[n]``."""
        # Apart, so that keys stay where they are, which may be a memory-mapped file: put together they were copied.
        by_documents, told = _find(self.document_graph or self._document_index, queries, self.neighbours)
        by_labels, own = _find(self.label_graph or self._label_index, queries, self.neighbours)
        keys = np.concatenate([by_documents, np.where(by_labels >= 0, by_labels + len(self.documents), NO_ROW)], axis=1)
        products = np.concatenate([told, own], axis=1)
        order = np.argsort(-products, axis=1, kind="stable")[:, : self.neighbours]
        nearest = own[:, 0] if own.shape[1] else np.full(len(queries), -np.inf, np.float32)
        return np.take_along_axis(keys, order, axis=1), np.take_along_axis(products, order, axis=1), nearest

    @cached_property
    def _document_index(self) -> NearestDense:
        return NearestDense.build(self.documents)

    @cached_property
    def _label_index(self) -> NearestDense:
        return NearestDense.build(self.labels)

    @cached_property
    def _added_index(self) -> NearestDense:
        return NearestDense.build(self.added)

    def _number_of(self, keys: np.ndarray) -> np.ndarray:
        """The labels of label keys; what stands for other keys is of no consequence."""
        return self.numbers[np.clip(keys, 0, max(len(self.numbers) - 1, 0))] if len(self.numbers) else keys * 0 - 1


def _find(index: NearestDense | NearestApproximate, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    k = min(k, index.n_rows)
    return index.find(queries, k, above=-np.inf) if isinstance(index, NearestDense) else index.find(queries, k)


def _graph(name: str, arrays: Mapping[str, np.ndarray], keys: np.ndarray) -> NearestApproximate | None:
    own = without_prefix(name, arrays)
    return NearestApproximate.from_arrays(own, keys) if own else None


def _sparse(columns: np.ndarray, values: np.ndarray, there: np.ndarray, shape: tuple[int, int]) -> csr_matrix:
    """The values ``[n, b]`` at their columns, in order of these."""
    rows = np.nonzero(there)[0]
    return csr_matrix((values[there], (rows, columns[there])), shape=shape)
