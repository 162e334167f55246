"""Iterative stratification of multi-label data, on sparse label matrices.

Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-label Data" (ECML PKDD 2011), algorithm 1: the label
with the fewest documents left is dealt out first, each of its documents to the part that wants most of that label;
ties go to the part that wants most documents, then to chance.

One rule is ours. Where one part has more than half of the documents (a training part), the last document of a label
that has none there yet goes there. So no label of the other parts is without a document in the largest, which the
original does not promise for labels with two documents or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manylabel.core.compiled import compiled

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NONE = -1


def stratify(positives: csr_matrix, fractions: np.ndarray, seed: int) -> np.ndarray:
    """Deal documents out to parts so that every label is spread as the documents are.

    Args:
        positives: bool CSR ``[n, L]``.
        fractions: float64 ``[parts]``, sum 1.
        seed: of the order of documents and the breaking of ties; the same seed gives the same parts.

    Returns: int64 ``[n]``, the part of each document. Documents without labels fill what is wanted in the end.
    """
    from scipy.sparse import csc_matrix

    n = positives.shape[0]
    random = np.random.default_rng(seed)
    order = random.permutation(n)
    shuffled = positives[order]
    by_label = csc_matrix(shuffled)
    by_label.sort_indices()
    main = int(np.argmax(fractions)) if fractions.max() > 0.5 else _NONE
    parts = _deal(
        shuffled.indptr.astype(np.int64),
        shuffled.indices.astype(np.int64),
        by_label.indptr.astype(np.int64),
        by_label.indices.astype(np.int64),
        fractions,
        main,
        random.random(n),
    )
    result = np.empty(n, np.int64)
    result[order] = parts
    return result


@compiled
def _link(label: int, count: int, heads: np.ndarray, following: np.ndarray, preceding: np.ndarray) -> None:
    """Put a label at the head of the chain of labels with that many documents left."""
    first = heads[count]
    following[label], preceding[label] = first, _NONE
    if first != _NONE:
        preceding[first] = label
    heads[count] = label


@compiled
def _unlink(label: int, count: int, heads: np.ndarray, following: np.ndarray, preceding: np.ndarray) -> None:
    after, before = following[label], preceding[label]
    if before != _NONE:
        following[before] = after
    else:
        heads[count] = after
    if after != _NONE:
        preceding[after] = before


@compiled
def _neediest(wanted_label: np.ndarray, wanted: np.ndarray, chance: float) -> int:
    """The part that wants most of a label, then most documents; of several by chance (0 to 1)."""
    ties = 0
    best = np.zeros(len(wanted), np.int64)
    for part in range(len(wanted)):
        if ties:
            other = best[0]
            difference = wanted_label[part] - wanted_label[other]
            if abs(difference) <= 1e-9:
                difference = wanted[part] - wanted[other]
            if difference < -1e-9:
                continue
            if difference > 1e-9:
                ties = 0
        best[ties] = part
        ties += 1
    return best[min(int(chance * ties), ties - 1)]


@compiled
def _is_last_chance(own: np.ndarray, left: np.ndarray, seen: np.ndarray) -> bool:
    """Whether a document is the last of one of its labels that has none in the main part yet."""
    for label in own:  # noqa: SIM110 - the compiler takes no generators
        if left[label] == 1 and not seen[label]:
            return True
    return False


@compiled
def _deal(
    indptr: np.ndarray,
    labels: np.ndarray,
    label_indptr: np.ndarray,
    documents: np.ndarray,
    fractions: np.ndarray,
    main: int,
    chances: np.ndarray,
) -> np.ndarray:
    """The parts of documents ``[n]``.

    Labels hang in chains by the number of their documents left, so that the rarest is at hand: every assignment moves
    each label of the document down by one, which makes the whole linear in the number of label pairs.
    """
    n, n_labels, n_parts = len(indptr) - 1, len(label_indptr) - 1, len(fractions)
    left = np.diff(label_indptr)
    wanted = fractions * n
    wanted_labels = np.empty((n_labels, n_parts))
    largest = 1
    for label in range(n_labels):
        wanted_labels[label] = fractions * left[label]
        largest = max(largest, left[label])
    heads = np.full(largest + 1, _NONE, np.int64)
    following, preceding = np.full(n_labels, _NONE, np.int64), np.full(n_labels, _NONE, np.int64)
    for label in range(n_labels - 1, -1, -1):
        _link(label, int(left[label]), heads, following, preceding)
    parts = np.full(n, _NONE, np.int64)
    seen = np.zeros(n_labels, np.bool_)
    rarest = 1
    while rarest <= largest:
        label = heads[rarest]
        if label == _NONE:
            rarest += 1
            continue
        for document in documents[label_indptr[label] : label_indptr[label + 1]]:
            if parts[document] != _NONE:
                continue
            own = labels[indptr[document] : indptr[document + 1]]
            if main != _NONE and _is_last_chance(own, left, seen):
                part = main
            else:
                part = _neediest(wanted_labels[label], wanted, float(chances[document]))
            parts[document] = part
            wanted[part] -= 1
            for other in own:
                wanted_labels[other, part] -= 1
                seen[other] = seen[other] or part == main
                _unlink(other, int(left[other]), heads, following, preceding)
                left[other] -= 1
                _link(other, int(left[other]), heads, following, preceding)
                if 0 < left[other] < rarest:
                    rarest = left[other]
    for document in range(n):
        if parts[document] == _NONE:
            parts[document] = _neediest(wanted, wanted, float(chances[document]))
            wanted[parts[document]] -= 1
    return parts
