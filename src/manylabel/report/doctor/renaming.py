"""Would the predictions be right if labels, or rows, were called otherwise? What a mixed-up order looks like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.report.doctor.examined import Part, are_true

_SHIFTS = (-3, -2, -1, 1, 2, 3)
_SEED = 0


def learn_renaming(best: np.ndarray, truth: csr_matrix) -> np.ndarray:
    """For each label the one that it most probably stands for, int64 ``[L]``; -1 where nothing can be said.

    The partner of a label is the true label with the largest cosine between "predicted first" and "is true"; frequent
    labels, which are true of many documents of any kind, thus win no label that they do not belong to. It must have
    met twice.

    Args:
        best: int ``[n]``, the best label of each document, -1 for none.
        truth: bool CSR ``[n, L]``.
    """
    n, n_labels = truth.shape
    rows = np.flatnonzero(best >= 0)
    first = csr_matrix((np.ones(len(rows)), (best[rows], rows)), shape=(n_labels, n))
    together = (first @ truth.astype(np.float64)).tocsr()
    predicted = np.maximum(np.bincount(best[rows], minlength=n_labels), 1)
    true = np.maximum(np.bincount(truth.indices, minlength=n_labels), 1)
    partner = np.full(n_labels, -1, dtype=np.int64)
    for label in np.flatnonzero(np.diff(together.indptr)):
        inside = slice(together.indptr[label], together.indptr[label + 1])
        met, others = together.data[inside], together.indices[inside]
        cosine = np.where(met >= 2, met / np.sqrt(predicted[label] * true[others]), 0.0)
        if cosine.max() > 0:
            partner[label] = others[int(np.argmax(cosine))]
    return partner


def hits_after(partner: np.ndarray, best: np.ndarray, truth: csr_matrix) -> float:
    """Share of the documents with labels whose best label, renamed, is true."""
    renamed = np.where(best >= 0, partner[np.maximum(best, 0)], -1)
    labelled = np.diff(truth.indptr) > 0
    return float(are_true(truth, renamed)[labelled].mean()) if labelled.any() else 0.0


def hits_if_renamed(part: Part, learnt_from: Part | None = None) -> float:
    """P@1 if each label meant another one, found out on other documents than it is measured on.

    Args:
        part: what to measure on.
        learnt_from: where the other names are found out; by default one random half of `part`, and then the other.
    """
    best = part.topk.indices[:, 0]
    if learnt_from is not None:
        return hits_after(learn_renaming(learnt_from.topk.indices[:, 0], learnt_from.truth), best, part.truth)
    half = np.random.default_rng(_SEED).permutation(len(part)) < len(part) // 2
    found = []
    for inside in (half, ~half):
        partner = learn_renaming(best[inside], part.truth[inside])
        found.append(hits_after(partner, best[~inside], part.truth[~inside]))
    return float(np.mean(found))


def hits_in_order(part: Part, names: Sequence[str], order: Sequence[str]) -> float:
    """P@1 if the columns of the scores stood for labels in another order.

    Args:
        part: what to measure on.
        names: the labels as the run has them.
        order: the same labels in the other order.
    """
    place = {name: position for position, name in enumerate(names)}
    partner = np.array([place[name] for name in order], dtype=np.int64)
    return hits_after(partner, part.topk.indices[:, 0], part.truth)


def hits_if_shifted(part: Part) -> tuple[int, float]:
    """The best shift of the labels against their texts, in rows, and P@1 with it."""
    best = part.topk.indices[:, 0]
    found = []
    for shift in _SHIFTS:
        order = (np.arange(len(part)) + shift) % len(part)
        found.append((float(are_true(part.truth[order], best)[part.labelled[order]].mean()), shift))
    hits, shift = max(found)
    return shift, hits
