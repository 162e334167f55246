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
    starts = range(0, documents.shape[0], _LABELS_PER_JOB)
    pieces: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def work(start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        end = min(start + _LABELS_PER_JOB, documents.shape[0])
        return _aggregate(
            features.indptr,
            features.indices,
            features.data,
            documents.indptr[start : end + 1],
            documents.indices,
            features.shape[1],
            keep,
        )

    for start, piece in run_jobs(work, starts):
        pieces[start] = piece
    lengths = np.concatenate([pieces[s][0] for s in starts] or [np.zeros(0, np.int64)])
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    indices = np.concatenate([pieces[s][1] for s in starts] or [np.zeros(0, np.int32)])
    data = np.concatenate([pieces[s][2] for s in starts] or [np.zeros(0, np.float32)])
    return csr_matrix((data, indices, indptr), shape=(documents.shape[0], features.shape[1]))


@compiled
def _aggregate(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    label_indptr: np.ndarray,
    label_documents: np.ndarray,
    width: int,
    keep: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels = label_indptr.shape[0] - 1
    total = 0
    for position in range(label_indptr[0], label_indptr[labels]):
        row = label_documents[position]
        total += indptr[row + 1] - indptr[row]
    lengths = np.zeros(labels, np.int64)
    out_indices = np.empty(total, np.int32)
    out_data = np.empty(total, np.float32)
    dense = np.zeros(width, np.float32)
    touched = np.empty(min(total, width), np.int32)
    filled = 0
    for label in range(labels):
        count = 0
        for position in range(label_indptr[label], label_indptr[label + 1]):
            row = label_documents[position]
            for j in range(indptr[row], indptr[row + 1]):
                feature = indices[j]
                if dense[feature] == 0.0:
                    touched[count] = feature
                    count += 1
                # Zero marks "not touched": weights are positive in TF-IDF; a signed sum that cancels is met twice
                # only if it cancels exactly, so give it the smallest trace.
                dense[feature] += data[j]
                if dense[feature] == 0.0:
                    dense[feature] = np.float32(1e-30)
        norm = np.float32(0.0)
        for t in range(count):
            norm += dense[touched[t]] ** 2
        bound = np.float32(keep) * np.sqrt(norm)
        kept = np.float32(0.0)
        start = filled
        for t in range(count):
            value = dense[touched[t]]
            if abs(value) >= bound:
                out_indices[filled] = touched[t]
                out_data[filled] = value
                kept += value * value
                filled += 1
            dense[touched[t]] = 0.0
        scale = np.float32(1.0) / np.sqrt(kept) if kept > 0 else np.float32(0.0)
        for j in range(start, filled):
            out_data[j] *= scale
        lengths[label] = filled - start
    return lengths, out_indices[:filled].copy(), out_data[:filled].copy()
