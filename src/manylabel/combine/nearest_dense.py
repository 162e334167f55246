"""The rows of a dense matrix with the largest products with a query: all of them looked at, tile by tile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np

from manylabel.combine.nearest import NO_ROW
from manylabel.core.compiled import compiled
from manylabel.linear.best_list import insert

_QUERIES_PER_TILE = 256
_ROWS_PER_TILE = 8192


class NearestIndex(Protocol):
    """What finds the nearest of N rows; see :class:`manylabel.combine.nearest.NearestRows` for the contract."""

    @property
    def n_rows(self) -> int:
        """N."""
        ...

    def find(self, queries: Any, k: int, *, below: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows of each query."""
        ...

    def with_rows(self, matrix: Any) -> Self:
        """The same index with more rows behind those it has."""
        ...

    def validate(self, width: int) -> None:
        """Check that the arrays fit together, and to `width` columns."""
        ...

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        ...


@dataclass(frozen=True, eq=False)
class NearestDense:
    """N rows, searched exactly; products of rows of unit length are cosines.

    A tile of queries times rows is one matrix product, from which only rows that may be among the best are taken; their
    cosines are summed once more, in double precision and one order. So the answer is the same bits in whatever company
    a query is asked, equal rows tie, and never more than a tile of products is held.

    Attributes:
        rows: float32 ``[N, d]``.
    """

    rows: np.ndarray

    @classmethod
    def build(cls, matrix: np.ndarray) -> NearestDense:
        """Hold the rows of a matrix, float32 ``[N, d]``."""
        rows = np.require(matrix, np.float32, ["C", "A"]).view()
        rows.setflags(write=False)  # one type for the compiled loop, whether just made or from a memory-mapped file
        return cls(rows)

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.rows)

    def with_rows(self, matrix: np.ndarray) -> NearestDense:
        """The same with more rows, float32 ``[M, d]``, behind those it has."""
        return self.build(np.concatenate([self.rows, matrix]))

    def find(
        self, queries: np.ndarray, k: int, *, below: float = np.inf, above: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k rows with the largest products with each query.

        Args:
            queries: float32 ``[n, d]``.
            k: how many.
            below: rows of at least this product are passed over, as duplicates of the query.
            above: rows of at most this product are passed over; minus infinity for none.

        Returns:
            Rows int32 ``[n, k]``, the largest product first, ties by row, -1 where fewer are left; products float32.
        """
        n = len(queries)
        found = np.full((n, k), NO_ROW, np.int32)
        cosines = np.full((n, k), -np.inf, np.float32)
        # Twice the most that a sum of d products of unit vectors can be off in single precision (Higham 2002, 3.1).
        slack = 2 * self.rows.shape[1] * np.finfo(np.float32).eps * max(1.0, self._longest * _longest(queries))
        for start in range(0, n, _QUERIES_PER_TILE):
            block = slice(start, start + _QUERIES_PER_TILE)
            asked = np.ascontiguousarray(queries[block], np.float32)
            for first in range(0, self.n_rows, _ROWS_PER_TILE):
                tile = self.rows[first : first + _ROWS_PER_TILE]
                products = asked @ tile.T
                limits = (np.float32(above), np.float32(below), np.float32(slack))
                _offer(asked, tile, products, first, limits, found[block], cosines[block])
        return found, cosines

    @cached_property
    def _longest(self) -> float:
        return _longest(self.rows)

    def validate(self, width: int) -> None:
        """Check what the search takes for granted.

        Raises:
            ValueError: other arrays than it writes, or not of `width` columns.
        """
        if self.rows.ndim != 2 or self.rows.shape[1] != width:
            raise ValueError("the index has rows of the wrong width")

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return {"rows": self.rows}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> NearestDense:
        """Read what :meth:`to_arrays` gave."""
        return cls.build(arrays["rows"])


def _longest(rows: np.ndarray) -> float:
    """The largest Euclidean length of some rows."""
    return float(np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64).max(initial=0.0)))


def ranked(queries: np.ndarray, rows: np.ndarray, candidates: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The best of some candidates, their products the very bits that :class:`NearestDense` gives.

    Args:
        queries: float32 ``[n, d]``.
        rows: float32 ``[N, d]``, those of a :class:`NearestDense`.
        candidates: int32 ``[n, c]``, no row twice, -1 for none.
        k: how many.

    Returns:
        As :meth:`NearestDense.find`.
    """
    found = np.full((len(queries), k), NO_ROW, np.int32)
    products = np.full((len(queries), k), -np.inf, np.float32)
    _rank(np.ascontiguousarray(queries, np.float32), rows, candidates, found, products)
    return found, products


@compiled
def _product(query: np.ndarray, row: np.ndarray) -> np.float32:
    total = 0.0
    for j in range(query.shape[0]):
        total += np.float64(query[j]) * np.float64(row[j])
    return np.float32(total)


@compiled
def _rank(
    queries: np.ndarray, rows: np.ndarray, candidates: np.ndarray, found: np.ndarray, products: np.ndarray
) -> None:
    for q in range(candidates.shape[0]):
        for row in candidates[q]:
            if row >= 0:
                insert(found[q], products[q], row, _product(queries[q], rows[row]))


@compiled
def _offer(
    queries: np.ndarray,
    rows: np.ndarray,
    products: np.ndarray,
    first: int,
    limits: tuple[np.float32, np.float32, np.float32],
    found: np.ndarray,
    cosines: np.ndarray,
) -> None:
    """Put the best rows of a tile, whose first row is number `first`, into the lists of the queries."""
    last = found.shape[1] - 1
    above, below, slack = limits
    for q in range(products.shape[0]):
        bound = cosines[q, last] if found[q, last] >= 0 else above
        for r in range(products.shape[1]):
            if products[q, r] < bound - slack:
                continue
            cosine = _product(queries[q], rows[r])
            if cosine <= above or cosine >= below:
                continue
            insert(found[q], cosines[q], np.int32(first + r), cosine)
            if found[q, last] >= 0:
                bound = cosines[q, last]
