"""The rows of a sparse matrix that are nearest to a query by cosine, through an inverted index.

Columns that many rows share are left out: they hold most of an index and say least about likeness (a query of 230
words visits ten times fewer postings without the words that stand in every fifth document, and finds better
neighbours).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from manylabel.core.arrays import check_offsets
from manylabel.core.compiled import compiled
from manylabel.core.parallel import in_blocks
from manylabel.linear.best_list import insert

_QUERIES_PER_JOB = 256
_BLOCK = 64  # rows whose best is looked at first
NO_ROW = -1
FEW_ROWS = 100  # as many are searched in no time


@dataclass(frozen=True, eq=False)
class NearestRows:
    """An inverted index over N rows of d columns.

    Attributes:
        indptr: int64 ``[d + 1]``, where the rows of each column begin.
        rows: int32, rising within a column.
        values: float32, of rows of unit length.
        common: bool ``[d]``, columns that are left out.
        n_rows: N.
    """

    indptr: np.ndarray
    rows: np.ndarray
    values: np.ndarray
    common: np.ndarray
    n_rows: int

    @classmethod
    def build(cls, matrix: csr_matrix, *, max_share: float) -> NearestRows:
        """Index the rows of a matrix.

        Args:
            matrix: float32 CSR ``[N, d]``.
            max_share: columns that more than this share of the rows, and more than 100 rows, have are left out; 1 keeps
                all.
        """
        n, width = matrix.shape
        common = np.bincount(matrix.indices, minlength=width) > max(max_share * n, FEW_ROWS)
        kept = unit_rows(matrix, common)
        columns = kept.tocsc()
        return cls(columns.indptr.astype(np.int64), columns.indices.astype(np.int32), columns.data, common, n)

    def with_rows(self, matrix: csr_matrix) -> NearestRows:
        """The same index with more rows behind those it has; the columns that are left out stay the same.

        Args:
            matrix: float32 CSR ``[M, d]``.
        """
        joined = vstack([self.matrix(), unit_rows(matrix, self.common)], format="csc", dtype=np.float32)
        return NearestRows(
            joined.indptr.astype(np.int64), joined.indices.astype(np.int32), joined.data, self.common, joined.shape[0]
        )

    def matrix(self) -> csr_matrix:
        """The indexed rows, float32 CSR ``[N, d]`` of unit length, without the common columns."""
        shape = (len(self.common), self.n_rows)
        return csr_matrix((self.values, self.rows, self.indptr), shape=shape).T.tocsr()

    def find(self, queries: csr_matrix, k: int, *, below: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows of each query.

        Args:
            queries: float32 CSR ``[n, d]``.
            k: how many.
            below: rows of at least this cosine are passed over, as duplicates of the query.

        Returns:
            Rows int32 ``[n, k]``, nearest first, ties by row, -1 where fewer have a cosine above 0; cosines float32.
        """
        n = queries.shape[0]
        indptr, indices, data = _unit_rows(queries.indptr, queries.indices, queries.data, self.common)
        found = np.full((n, k), NO_ROW, np.int32)
        cosines = np.full((n, k), -np.inf, np.float32)

        def work(block: slice, sums: np.ndarray) -> None:
            _find(
                indptr[block.start : block.stop + 1],
                indices,
                data,
                self.indptr,
                self.rows,
                self.values,
                sums,
                np.float32(below),
                found[block],
                cosines[block],
            )

        in_blocks(n, _QUERIES_PER_JOB, work, lambda: np.zeros(self.n_rows, np.float32))
        return found, cosines

    def validate(self, width: int) -> None:
        """Check what the compiled search takes for granted.

        Raises:
            ValueError: arrays that do not fit together, or to `width` columns.
        """
        check_offsets(self.indptr, width, len(self.rows), "index")
        if self.values.shape != self.rows.shape or self.common.shape != (width,):
            raise ValueError("the index has arrays of the wrong shape")
        if len(self.rows) and not 0 <= self.rows.min() <= self.rows.max() < self.n_rows:
            raise ValueError("a row is out of range")

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return {
            "indptr": self.indptr,
            "rows": self.rows,
            "values": self.values,
            "common": self.common,
            "n_rows": np.array([self.n_rows], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> NearestRows:
        """Read what :meth:`to_arrays` gave."""
        parts = (arrays[name] for name in ("indptr", "rows", "values", "common"))
        return cls(*parts, n_rows=int(arrays["n_rows"][0]))


def unit_rows(matrix: csr_matrix, left_out: np.ndarray) -> csr_matrix:
    """The rows without some columns, at unit length (an empty row stays empty).

    Args:
        matrix: float32 CSR ``[n, d]``.
        left_out: bool ``[d]``.
    """
    indptr, indices, data = _unit_rows(matrix.indptr, matrix.indices, matrix.data, left_out)
    return csr_matrix((data, indices, indptr), shape=matrix.shape)


@compiled
def _unit_rows(
    indptr: np.ndarray, indices: np.ndarray, data: np.ndarray, left_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = indptr.shape[0] - 1
    out_indptr = np.zeros(n + 1, np.int64)
    for i in range(n):
        kept = 0
        for j in range(indptr[i], indptr[i + 1]):
            kept += not left_out[indices[j]]
        out_indptr[i + 1] = out_indptr[i] + kept
    out_indices = np.empty(out_indptr[n], np.int32)
    out_data = np.empty(out_indptr[n], np.float32)
    for i in range(n):
        place = out_indptr[i]
        squares = 0.0
        for j in range(indptr[i], indptr[i + 1]):
            if not left_out[indices[j]]:
                out_indices[place] = indices[j]
                out_data[place] = data[j]
                squares += data[j] * data[j]
                place += 1
        scale = 1.0 / np.sqrt(squares) if squares > 0 else 0.0
        for j in range(out_indptr[i], place):
            out_data[j] *= scale
    return out_indptr, out_indices, out_data


@compiled
def _find(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    index_indptr: np.ndarray,
    index_rows: np.ndarray,
    index_values: np.ndarray,
    sums: np.ndarray,
    below: float,
    found: np.ndarray,
    cosines: np.ndarray,
) -> None:
    """`sums` is zero, also at the end. Unsigned positions need no check for counting from the end."""
    bits = sums.view(np.int32)
    n_rows, last = sums.shape[0], found.shape[1] - 1
    for q in range(found.shape[0]):
        for j in range(indptr[q], indptr[q + 1]):
            x = data[j]
            begin, end = index_indptr[indices[j]], index_indptr[indices[j] + 1]
            rows, values = index_rows[begin:end], index_values[begin:end]
            for p in range(rows.shape[0]):
                sums[np.uint32(rows[p])] += x * values[p]
        bound = np.float32(0.0)
        for start in range(0, n_rows, _BLOCK):
            block = bits[start : start + _BLOCK]
            # Floats above 0 are in the order of their bits, whose maximum is found many at a time.
            top = np.int32(0)
            for place in range(block.shape[0]):
                top = max(top, block[place])
            if top <= np.float32(bound).view(np.int32):
                continue
            for place in range(block.shape[0]):
                row = start + place
                cosine = sums[row]
                if cosine <= bound or cosine >= below:
                    continue
                insert(found[q], cosines[q], row, cosine)
                if found[q, last] >= 0:
                    bound = cosines[q, last]
        sums[:] = 0.0


def pair_products(queries: csr_matrix, rows: csr_matrix, indptr: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Dot products of each query with the rows chosen for it.

    Args:
        queries: float32 CSR ``[n, d]``.
        rows: float32 CSR ``[N, d]``.
        indptr: int64 ``[n + 1]``, where the rows chosen for each query begin.
        chosen: int32, below N.

    Returns:
        float32, one for each chosen row.
    """
    result = np.empty(len(chosen), np.float32)
    others = (rows.indptr, rows.indices, rows.data)

    def work(block: slice, dense: np.ndarray) -> None:
        bounds = slice(block.start, block.stop + 1)
        kernel_inputs = (queries.indptr[bounds], queries.indices, queries.data)
        _pair_products(*kernel_inputs, *others, indptr[bounds], chosen, dense, result)

    in_blocks(queries.shape[0], _QUERIES_PER_JOB, work, lambda: np.zeros(queries.shape[1], np.float32))
    return result


@compiled
def _pair_products(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    row_indptr: np.ndarray,
    row_indices: np.ndarray,
    row_data: np.ndarray,
    chosen_indptr: np.ndarray,
    chosen: np.ndarray,
    dense: np.ndarray,
    result: np.ndarray,
) -> None:
    """`dense` is zero, also at the end."""
    for q in range(indptr.shape[0] - 1):
        for j in range(indptr[q], indptr[q + 1]):
            dense[indices[j]] = data[j]
        for c in range(chosen_indptr[q], chosen_indptr[q + 1]):
            begin, end = row_indptr[chosen[c]], row_indptr[chosen[c] + 1]
            columns, values = row_indices[begin:end], row_data[begin:end]
            total = np.float32(0.0)
            for j in range(columns.shape[0]):
                total += dense[np.uint32(columns[j])] * values[j]
            result[c] = total
        for j in range(indptr[q], indptr[q + 1]):
            dense[indices[j]] = 0.0
