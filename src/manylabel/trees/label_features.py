"""What a label looks like to a clustering: the mean of its documents, its own text, or both."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.compiled import compiled
from manylabel.core.parallel import run_jobs

_LABELS_PER_JOB = 256


def pifa(features: csr_matrix, positives: csr_matrix, *, keep: float = 0.0) -> csr_matrix:
    """Positive instance feature aggregation: the normalised sum of the features of a label's documents.

    Source: PECOS (Yu et al. 2022, section 4.1), Parabel (Prabhu et al. 2018).

    Args:
        features: float32 CSR ``[n, d]``.
        positives: CSR ``[n, L]``.
        keep: leave out entries smaller than this share of the row's Euclidean norm (0 keeps all); the rows are
            normalised again afterwards. Frequent labels have long flat tails that cost time and decide nothing.

    Returns:
        float32 CSR ``[L, d]`` with unit rows in no particular column order; a label without documents has an empty row.
    """
    documents = positives.T.tocsr()
    jobs = [slice(start, start + _LABELS_PER_JOB) for start in range(0, documents.shape[0], _LABELS_PER_JOB)]
    lengths = np.zeros(documents.shape[0], np.int64)
    matrix = (features.indptr, features.indices)

    def measure(labels: slice) -> None:
        _count_features(
            *matrix, _bounds(documents.indptr, labels), documents.indices, features.shape[1], lengths[labels]
        )

    for _ in run_jobs(measure, jobs):
        pass
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    indices, data = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)

    def fill(labels: slice) -> None:
        _aggregate(
            *matrix,
            features.data,
            _bounds(documents.indptr, labels),
            documents.indices,
            features.shape[1],
            keep,
            indptr[labels],
            lengths[labels],
            indices,
            data,
        )

    for _ in run_jobs(fill, jobs):
        pass
    if lengths.sum() < indptr[-1]:
        kept = np.arange(indptr[-1]) - np.repeat(indptr[:-1], np.diff(indptr)) < np.repeat(lengths, np.diff(indptr))
        indices, data, indptr = indices[kept], data[kept], np.concatenate([[0], np.cumsum(lengths)])
    return csr_matrix((data, indices, indptr), shape=(documents.shape[0], features.shape[1]))


def _bounds(indptr: np.ndarray, rows: slice) -> np.ndarray:
    """Where some rows begin and end."""
    return indptr[rows.start : rows.stop + 1]


@compiled
def _count_features(
    indptr: np.ndarray,
    indices: np.ndarray,
    label_indptr: np.ndarray,
    label_documents: np.ndarray,
    width: int,
    lengths: np.ndarray,
) -> None:
    """lengths[label] = how many different features its documents have."""
    seen_by = np.full(width, -1, np.int32)
    for label in range(lengths.shape[0]):
        for position in range(label_indptr[label], label_indptr[label + 1]):
            row = label_documents[position]
            for j in range(indptr[row], indptr[row + 1]):
                if seen_by[indices[j]] != label:
                    seen_by[indices[j]] = label
                    lengths[label] += 1


@compiled
def _aggregate(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    label_indptr: np.ndarray,
    label_documents: np.ndarray,
    width: int,
    keep: float,
    out_starts: np.ndarray,
    lengths: np.ndarray,
    out_indices: np.ndarray,
    out_data: np.ndarray,
) -> None:
    """Write the unit row of each label from its start on; its length shrinks by what `keep` leaves out."""
    seen_by = np.full(width, -1, np.int32)
    sums = np.zeros(width, np.float32)
    for label in range(lengths.shape[0]):
        start = out_starts[label]
        count = 0
        for position in range(label_indptr[label], label_indptr[label + 1]):
            row = label_documents[position]
            for j in range(indptr[row], indptr[row + 1]):
                feature = indices[j]
                if seen_by[feature] != label:
                    seen_by[feature] = label
                    sums[feature] = 0.0
                    out_indices[start + count] = feature
                    count += 1
                sums[feature] += data[j]
        norm = np.float32(0.0)
        for t in range(start, start + count):
            norm += sums[out_indices[t]] ** 2
        bound = np.float32(keep) * np.sqrt(norm)
        squares = np.float32(0.0)
        filled = start
        for t in range(start, start + count):
            value = sums[out_indices[t]]
            if abs(value) >= bound:
                out_indices[filled] = out_indices[t]
                out_data[filled] = value
                squares += value * value
                filled += 1
        scale = np.float32(1.0) / np.sqrt(squares) if squares > 0 else np.float32(0.0)
        for t in range(start, filled):
            out_data[t] *= scale
        lengths[label] = filled - start
