"""The rows of a dense matrix with the largest products with a query: most of them are never looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from manylabel.combine.nearest_approximate_config import ApproximateConfig
from manylabel.combine.nearest_dense import NearestDense, ranked
from manylabel.core.errors import MissingExtraError


@dataclass(frozen=True, eq=False)
class NearestApproximate:
    """N rows and a graph of neighbours over them, on which a search walks towards its query.

    What a walk finds is scored as :class:`manylabel.combine.nearest_dense.NearestDense` scores it, so the two differ in
    which rows they find and in nothing else, and the answer is the same bits in whatever company a query is asked. A
    graph that several threads built differs a little from the next one over the same rows.

    Source: Malkov and Yashunin 2018 (arXiv 1603.09320), by way of faiss, which holds another copy of the rows.

    Attributes:
        exact: the rows, float32 ``[N, d]``, where all are looked at.
        graph: a ``faiss.IndexHNSWFlat`` by inner product.
        held: what the graph calculates with, a ``faiss.IndexFlatIP``; the graph does not keep it alive.
    """

    exact: NearestDense
    graph: Any
    held: Any

    @classmethod
    def build(cls, matrix: np.ndarray, config: ApproximateConfig) -> NearestApproximate:
        """Make the graph.

        Args:
            matrix: float32 ``[N, d]``.
            config: the options.

        Raises:
            MissingExtraError: faiss is not installed.
        """
        faiss = _faiss()
        graph = faiss.IndexHNSWFlat(matrix.shape[1], config.links, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction, graph.hnsw.efSearch = config.ef_construction, config.ef_search
        exact = NearestDense.build(matrix)
        graph.add(exact.rows)
        return cls(exact, graph, graph.storage)

    @property
    def n_rows(self) -> int:
        """N."""
        return self.exact.n_rows

    def with_rows(self, matrix: np.ndarray) -> NearestApproximate:
        """The same with more rows, float32 ``[M, d]``, behind those it has; their neighbours are looked for."""
        more = self.from_arrays(self.to_arrays(), self.exact.rows)
        exact = self.exact.with_rows(matrix)
        more.graph.add(exact.rows[self.n_rows :])
        return NearestApproximate(exact, more.graph, more.held)

    def over(self, matrix: np.ndarray) -> NearestApproximate:
        """A graph of the same make over other rows, float32 ``[M, d]``."""
        hnsw = self.graph.hnsw
        made = ApproximateConfig(
            links=hnsw.nb_neighbors(1), ef_construction=hnsw.efConstruction, ef_search=hnsw.efSearch
        )
        return self.build(matrix, made)

    def find(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """About the k rows with the largest products with each query.

        Args:
            queries: float32 ``[n, d]``.
            k: how many.

        Returns:
            Rows int32 ``[n, k]``, the largest product first, ties by row, -1 where no more were found; products
            float32, of any sign.
        """
        faiss = _faiss()
        # All that a walk keeps, not k: which of equal rows come last is for their exact products to say.
        width = min(max(self.graph.hnsw.efSearch, k), self.n_rows)
        if not width or not len(queries):
            return ranked(queries, self.exact.rows, np.zeros((len(queries), 0), np.int32), k)
        effort = faiss.SearchParametersHNSW(efSearch=width)
        _, candidates = self.graph.search(np.ascontiguousarray(queries, np.float32), width, params=effort)
        return ranked(queries, self.exact.rows, candidates.astype(np.int32), k)

    def recall(self, queries: np.ndarray, k: int) -> float:
        """The share of the k nearest rows that are found, by looking at all rows; see :func:`share_found`."""
        return share_found(self.find(queries, k)[1], self.exact.find(queries, k, above=-np.inf)[1])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file: the graph and a digest of the rows, but not these."""
        faiss = _faiss()
        graph = faiss.serialize_index(self.graph, faiss.IO_FLAG_SKIP_STORAGE)
        return {"graph": graph, "digest": _digest(self.exact.rows)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], matrix: np.ndarray) -> NearestApproximate:
        """Read what :meth:`to_arrays` gave.

        Args:
            arrays: by name.
            matrix: the rows that the graph was built over, float32 ``[N, d]``.

        Raises:
            KeyError, ValueError: the graph is damaged, or was built over other rows.
            MissingExtraError: faiss is not installed.
        """
        faiss, exact = _faiss(), NearestDense.build(matrix)
        if not np.array_equal(arrays["digest"], _digest(exact.rows)):
            raise ValueError("the index was built over other vectors")
        serialised = arrays["graph"]
        if serialised.dtype != np.uint8 or serialised.ndim != 1:
            raise ValueError("the index is damaged: its graph is not a row of bytes")
        try:
            graph = faiss.deserialize_index(serialised)  # checks that no neighbour is out of range
        except RuntimeError as error:
            raise ValueError(f"the index is damaged: {error}") from None
        same = isinstance(graph, faiss.IndexHNSWFlat) and (graph.ntotal, graph.d) == exact.rows.shape
        if not same or graph.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise ValueError("the index is damaged: its graph is of another kind or size")
        graph.storage = held = faiss.IndexFlatIP(exact.rows.shape[1])
        held.add(exact.rows)
        return cls(exact, graph, held)


def share_found(products: np.ndarray, exact: np.ndarray) -> float:
    """How many of the exact best rows were found, 1 where there are none.

    A row counts if its product is at least the smallest of the exact list: which of equal rows is found is all one.

    Args:
        products: of the rows that were found, float32 ``[n, k]``, minus infinity in the padding.
        exact: those of the k best rows.
    """
    there = exact > -np.inf
    smallest = np.where(there, exact, np.inf).min(axis=1, initial=np.inf, keepdims=True)
    return float(np.sum(products >= smallest) / there.sum()) if there.any() else 1.0


def _digest(rows: np.ndarray) -> np.ndarray:
    """SHA-256 of rows and their shape, uint8 ``[32]``."""
    state = hashlib.sha256(np.array(rows.shape, "<i8").tobytes())
    state.update(rows.data)
    return np.frombuffer(state.digest(), np.uint8)


def require_faiss() -> None:
    """Make sure that an index can be built, before something long is begun.

    Raises:
        MissingExtraError: faiss is not installed.
    """
    _faiss()


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise MissingExtraError("faiss", "ann", "approximate search") from None
    return faiss
