"""Area under the precision-recall curve (average precision) of predicted scores, per label and pooled.

``AP = sum over thresholds of (recall gained) * precision``, without interpolation, tied scores taken together, as in
scikit-learn's ``average_precision_score``. Labels beyond the end of a list of k count as not retrieved, so the lists of
a top-k prediction give lower bounds of the areas over all scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from manylabel.metrics.cells import Cells, by_label, join
from manylabel.metrics.intervals import over_chunks
from manylabel.metrics.metric import divide, metric


@dataclass(frozen=True, eq=False)
class RankedCells:
    """All predicted (unit, label) pairs with their scores, and all true ones.

    Attributes:
        predicted: the pairs of the lists.
        score: float32, theirs.
        hit: bool, whether they are true.
        truth: the true pairs, in the lists or not.
        group: int8 ``[L]``, group of each label.
        n_groups: number of groups, at least 1.
    """

    predicted: Cells
    score: np.ndarray
    hit: np.ndarray
    truth: Cells
    group: np.ndarray
    n_groups: int

    def joined(self, other: RankedCells, units: int) -> RankedCells:
        """The pairs of both, the units of the other counted on from `units`; labels must be the same."""
        return RankedCells(
            join(self.predicted, other.predicted, units),
            np.concatenate([self.score, other.score]),
            np.concatenate([self.hit, other.hit]),
            join(self.truth, other.truth, units),
            self.group,
            self.n_groups,
        )


@metric("curve", needs_whole_list=True)
def macro_auprc(cells: RankedCells, weights: np.ndarray) -> np.ndarray:
    """macro-AUPRC: mean average precision of the labels with a document in the test; by group, of those of the group.

    A lower bound where the lists end before the last label.
    """
    areas, supported = _areas(cells, cells.predicted.label, cells.truth.label, cells.group, cells.n_groups, weights)
    groups = divide(areas, supported, np.nan)
    if cells.n_groups == 1:
        return groups
    return np.vstack([divide(areas.sum(axis=0), supported.sum(axis=0), np.nan), groups])


@metric("curve", needs_whole_list=True)
def micro_auprc(cells: RankedCells, weights: np.ndarray) -> np.ndarray:
    """micro-AUPRC: average precision of all (document, label) pairs pooled; by group, of those with its labels.

    A lower bound where the lists end before the last label.
    """
    views = []
    for n in (1, cells.n_groups) if cells.n_groups > 1 else (1,):
        pool = cells.group.astype(np.int32) if n > 1 else np.zeros(len(cells.group), dtype=np.int32)
        pools = np.arange(n, dtype=np.int8)
        areas, defined = _areas(cells, pool[cells.predicted.label], pool[cells.truth.label], pools, n, weights)
        views.append(divide(areas, defined, np.nan))
    return np.vstack(views)


def _areas(
    cells: RankedCells,
    predicted: np.ndarray,
    truth: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Average precision of several rankings, summed by group, and the number with any truth: ``[n_groups, R]`` each.

    `predicted` and `truth` say which ranking each pair belongs to, `group` the group of each ranking.
    """
    lowest = np.full(len(group), np.inf, dtype=np.float32)
    np.minimum.at(lowest, predicted[cells.hit], cells.score[cells.hit])
    # Pairs below the last hit of a ranking add nothing; in long lists they are most of all pairs.
    useful = np.flatnonzero(cells.score >= lowest[predicted])
    key = _key(predicted[useful], cells.score[useful])
    order = np.argsort(key)
    key, useful = key[order], useful[order]
    starts = np.searchsorted(key >> np.uint64(32), np.arange(len(group) + 1, dtype=np.uint64))
    last_of_tie = np.append(key[1:] != key[:-1], True)[: len(key)]
    truth_order, truth_starts = by_label(truth, len(group))
    units, hits, truth_units = cells.predicted.unit[useful], cells.hit[useful], cells.truth.unit[truth_order]

    def of_chunk(chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _area_sums(starts, units, hits, last_of_tie, truth_starts, truth_units, group, n_groups, chunk)

    areas, defined = zip(*over_chunks(of_chunk, weights), strict=True)
    return np.concatenate(areas, axis=1), np.concatenate(defined, axis=1)


def _key(ranking: np.ndarray, score: np.ndarray) -> np.ndarray:
    """uint64 that sorts by ranking, then by descending score; equal for equal scores."""
    bits = (score + np.float32(0.0)).view(np.uint32)  # adding 0 makes -0.0 and 0.0 one score
    negative = bits >> np.uint32(31) == 1
    ascending = np.where(negative, ~bits, bits | np.uint32(0x80000000))
    return ranking.astype(np.uint64) << np.uint64(32) | (~ascending).astype(np.uint64)


@njit(cache=True, nogil=True)
def _area_sums(
    starts: np.ndarray,
    unit: np.ndarray,
    hit: np.ndarray,
    last_of_tie: np.ndarray,
    truth_starts: np.ndarray,
    truth_unit: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """float64 ``[n_groups, B]`` twice, of weights ``[units, B]``: areas summed, rankings with any truth counted."""
    width = weights.shape[1]
    areas, defined = np.zeros((n_groups, width)), np.zeros((n_groups, width))
    counts = np.zeros((4, width), dtype=np.int64)
    retrieved, hits, gained, true = counts[0], counts[1], counts[2], counts[3]
    area = np.zeros(width)
    for ranking in range(len(starts) - 1):
        counts[:] = 0
        area[:] = 0.0
        for i in range(truth_starts[ranking], truth_starts[ranking + 1]):
            row = weights[truth_unit[i]]
            for b in range(width):
                true[b] += row[b]
        any_gained = False
        for i in range(starts[ranking], starts[ranking + 1]):
            row = weights[unit[i]]
            for b in range(width):
                retrieved[b] += row[b]
            if hit[i]:
                any_gained = True
                for b in range(width):
                    gained[b] += row[b]
            if any_gained and last_of_tie[i]:
                any_gained = False
                for b in range(width):
                    if gained[b] > 0:
                        hits[b] += gained[b]
                        area[b] += gained[b] * (hits[b] / retrieved[b])
                        gained[b] = 0
        for b in range(width):
            if true[b] > 0:
                areas[group[ranking], b] += area[b] / true[b]
                defined[group[ranking], b] += 1
    return areas, defined
