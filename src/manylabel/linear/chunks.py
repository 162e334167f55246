"""Pruned weights of all nodes of a level, one chunk per node, as they lie on disk and are searched.

A chunk holds the classifiers of one node's children. It lists the features that carry any weight, sorted, and for
each of them the (child, weight) pairs, so that scoring a document is an intersection of two sorted lists followed by
short additions (masked sparse chunk multiplication, Etter et al. 2022). Weights are stored as 16-bit integers times a
scale per chunk: half the size of single precision, with an error below 1/65,000 of the chunk's largest weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from manylabel.core.arrays import check_offsets
from manylabel.core.compiled import compiled
from manylabel.linear.node_training import NodeWeights

_LARGEST = 32767


@dataclass(frozen=True, eq=False)
class ChunkedWeights:
    """The classifiers of one level.

    Attributes:
        chunk_indptr: int64 ``[chunks + 1]``, into `features`.
        features: int32, sorted within a chunk.
        entry_indptr: uint32 (int64 beyond four billion weights) ``[len(features) + 1]``, into `columns` and `values`.
        columns: uint8, uint16 or int32: the child within the chunk, sorted within a feature.
        values: int16, weight divided by the chunk's scale.
        scales: float32 ``[chunks]``.
        biases: float32 ``[children of all chunks]``; ``-inf`` for a child that must never be chosen.
    """

    chunk_indptr: np.ndarray
    features: np.ndarray
    entry_indptr: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    scales: np.ndarray
    biases: np.ndarray

    @property
    def nnz(self) -> int:
        """Number of stored weights, biases not counted."""
        return len(self.values)

    @classmethod
    def from_nodes(cls, nodes: Sequence[NodeWeights]) -> ChunkedWeights:
        """Put the trained nodes of a level together, in their order."""
        widest = max((len(node.biases) for node in nodes), default=1)
        column_type = np.uint8 if widest <= 2**8 else np.uint16 if widest <= 2**16 else np.int32
        scales = np.array([_scale_of(node.values) for node in nodes], dtype=np.float32)
        lengths = [np.diff(node.indptr) for node in nodes]
        return cls(
            chunk_indptr=_offsets([len(node.features) for node in nodes]),
            features=_join([node.features for node in nodes], np.int32),
            entry_indptr=_narrow(_offsets(_join(lengths, np.int64))),
            columns=_join([node.columns.astype(column_type) for node in nodes], column_type),
            values=_join(
                [np.rint(node.values / scale).astype(np.int16) for node, scale in zip(nodes, scales, strict=True)],
                np.int16,
            ),
            scales=scales,
            biases=_join([node.biases for node in nodes], np.float32),
        )

    def weights_of(self, features: np.ndarray, chunk: int, column: int) -> np.ndarray:
        """float32 ``[m]``: the weights of one child of a chunk for some features, int ``[m]``."""
        first, last = int(self.chunk_indptr[chunk]), int(self.chunk_indptr[chunk + 1])
        positions = first + np.searchsorted(self.features[first:last], features)
        found = np.zeros(len(features), np.float32)
        for i, (position, feature) in enumerate(zip(positions.tolist(), features.tolist(), strict=True)):
            if position < last and self.features[position] == feature:
                begin, end = int(self.entry_indptr[position]), int(self.entry_indptr[position + 1])
                entry = begin + int(np.searchsorted(self.columns[begin:end], column))
                if entry < end and self.columns[entry] == column:
                    found[i] = self.values[entry] * self.scales[chunk]
        return found

    def validate(self, children: np.ndarray, n_features: int) -> None:
        """Check what the compiled search takes for granted.

        Args:
            children: int64 ``[chunks + 1]``, bounds of each chunk's children.
            n_features: d; features are numbered below it.

        Raises:
            ValueError: arrays that do not fit together, or that reach beyond features or children.
        """
        chunks = len(children) - 1
        check_offsets(self.chunk_indptr, chunks, len(self.features), "chunk_indptr")
        check_offsets(self.entry_indptr, len(self.features), len(self.values), "entry_indptr")
        kinds = [array.dtype.kind for array in (self.features, self.columns, self.values, self.scales, self.biases)]
        shapes = [self.columns.shape, self.scales.shape, self.biases.shape]
        if "".join(kinds) not in ("iuiff", "iiiff") or shapes != [self.values.shape, (chunks,), (children[-1],)]:
            raise ValueError("weights of the wrong type or shape")
        rises = np.diff(self.features) > 0
        rises[self.chunk_indptr[1:-1][self.chunk_indptr[1:-1] < len(self.features)] - 1] = True
        if not rises.all():
            raise ValueError("features must rise within a chunk")
        if len(self.features) and not 0 <= self.features.min() <= self.features.max() < n_features:
            raise ValueError("a feature is out of range")
        entries = self.entry_indptr[self.chunk_indptr]
        filled = np.flatnonzero(entries[1:] > entries[:-1])
        if len(filled):
            starts = entries[:-1][filled].astype(np.int64)
            highest, lowest = (limit.reduceat(self.columns, starts) for limit in (np.maximum, np.minimum))
            if (highest >= np.diff(children)[filled]).any() or (lowest < 0).any():
                raise ValueError("a weight belongs to no child")

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> ChunkedWeights:
        """Read what :meth:`to_arrays` gave."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})


def _scale_of(values: np.ndarray) -> np.float32:
    largest = float(np.abs(values).max(initial=0.0))
    return np.float32(largest / _LARGEST) if largest > 0 else np.float32(1.0)


def _offsets(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _narrow(offsets: np.ndarray) -> np.ndarray:
    return offsets.astype(np.uint32) if offsets[-1] < 2**32 else offsets


def _join(arrays: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype)


@compiled
def fill_lookup(features: np.ndarray, start: int, end: int, lookup: np.ndarray) -> None:
    """lookup[feature] = its position, for the features of one chunk; `lookup` is -1 elsewhere."""
    for position in range(start, end):
        lookup[features[position]] = position


@compiled
def clear_lookup(features: np.ndarray, start: int, end: int, lookup: np.ndarray) -> None:
    """Undo :func:`fill_lookup`."""
    for position in range(start, end):
        lookup[features[position]] = -1


@compiled
def score_by_lookup(
    indices: np.ndarray,
    data: np.ndarray,
    start: int,
    end: int,
    lookup: np.ndarray,
    entry_indptr: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    scale: float,
    scores: np.ndarray,
) -> None:
    """Add a document's margins to `scores` (float32, one per child), finding its features through `lookup`."""
    for j in range(start, end):
        position = lookup[indices[j]]
        if position >= 0:
            x = data[j] * scale
            for entry in range(entry_indptr[position], entry_indptr[position + 1]):
                scores[columns[entry]] += x * np.float32(values[entry])


@compiled
def score_by_search(
    indices: np.ndarray,
    data: np.ndarray,
    start: int,
    end: int,
    features: np.ndarray,
    first: int,
    last: int,
    entry_indptr: np.ndarray,
    columns: np.ndarray,
    values: np.ndarray,
    scale: float,
    scores: np.ndarray,
) -> None:
    """The same by binary search, for chunks that few documents visit; additions in the same order, so bit-equal."""
    low = first
    for j in range(start, end):
        wanted = indices[j]
        high = last
        while low < high:
            middle = (low + high) >> 1
            if features[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        if low == last:
            return
        if features[low] == wanted:
            x = data[j] * scale
            for entry in range(entry_indptr[low], entry_indptr[low + 1]):
                scores[columns[entry]] += x * np.float32(values[entry])
