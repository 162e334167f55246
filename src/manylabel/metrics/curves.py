"""Area under the precision-recall curve (average precision) of predicted scores, per label and pooled.

``AP = sum over thresholds of (recall gained) * precision``, without interpolation, tied scores taken together, as in
scikit-learn's ``average_precision_score``. Labels beyond the end of a list of k count as not retrieved, so the lists of
a top-k prediction give lower bounds of the areas over all scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from manylabel.core.errors import CapacityError
from manylabel.metrics.cells import Cells, by_label, join
from manylabel.metrics.intervals import over_chunks
from manylabel.metrics.metric import divide, metric

_MOST_CELLS = 1 << 30
"""Predicted labels that can be counted in 32 bits in any resample; they would fill 9 GiB."""


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

    `predicted` and `truth` say which ranking each pair belongs to, `group` the group of each ranking. Precision matters
    only at the scores of hits, so pairs are not sorted but put into the step, from one such score to the next, at which
    they are retrieved; those below the last hit of their ranking drop out.
    """
    if len(cells.score) > _MOST_CELLS:
        raise CapacityError(
            f"areas under curves of {len(cells.score)} predicted labels: shorten the lists or evaluate fewer documents"
        )
    ranking, score = predicted[cells.hit], cells.score[cells.hit]
    key, first = np.unique(_key(ranking, score), return_index=True)
    rankings = np.searchsorted(key >> np.uint64(32), np.arange(len(group) + 1, dtype=np.uint64))
    starts, units, hits = _steps(rankings, score[first], predicted, cells.score, cells.predicted.unit, cells.hit)
    truth_order, truth_starts = by_label(truth, len(group))
    truth_units = cells.truth.unit[truth_order]

    def of_chunk(chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _area_sums(rankings, starts, units, hits, truth_starts, truth_units, group, n_groups, chunk)

    areas, defined = zip(*over_chunks(of_chunk, weights), strict=True)
    return np.concatenate(areas, axis=1), np.concatenate(defined, axis=1)


def _key(ranking: np.ndarray, score: np.ndarray) -> np.ndarray:
    """uint64 that sorts by ranking, then by descending score.

    0.0 and -0.0 have two keys, hence two steps, of which the first retrieves the pairs of both.
    """
    bits = score.view(np.uint32)
    ascending = np.where(bits >> np.uint32(31) == 1, ~bits, bits | np.uint32(0x80000000))
    return ranking.astype(np.uint64) << np.uint64(32) | (~ascending).astype(np.uint64)


@njit(cache=True, nogil=True)
def _steps(
    rankings: np.ndarray,
    thresholds: np.ndarray,
    predicted: np.ndarray,
    score: np.ndarray,
    unit: np.ndarray,
    hit: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs by the step at which they are retrieved: where each step begins, int64, and units and hits in this order.

    The steps of ranking r are ``rankings[r]`` to ``rankings[r + 1]``, their thresholds descend.
    """
    step = np.empty(len(score), dtype=np.int32)
    starts = np.zeros(len(thresholds) + 1, dtype=np.int64)
    for i in range(len(score)):
        low, end = rankings[predicted[i]], rankings[predicted[i] + 1]
        high = end
        while low < high:
            middle = (low + high) // 2
            if thresholds[middle] > score[i]:
                low = middle + 1
            else:
                high = middle
        step[i] = low if low < end else -1
        if low < end:
            starts[low + 1] += 1
    for t in range(len(thresholds)):
        starts[t + 1] += starts[t]
    following = starts[:-1].copy()
    units, hits = np.empty(starts[-1], dtype=np.int32), np.empty(starts[-1], dtype=np.bool_)
    for i in range(len(score)):
        if step[i] >= 0:
            place = following[step[i]]
            units[place], hits[place] = unit[i], hit[i]
            following[step[i]] = place + 1
    return starts, units, hits


@njit(cache=True, nogil=True)
def _area_sums(
    rankings: np.ndarray,
    starts: np.ndarray,
    unit: np.ndarray,
    hit: np.ndarray,
    truth_starts: np.ndarray,
    truth_unit: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """float64 ``[n_groups, B]`` twice, of weights ``[units, B]``: areas summed, rankings with any truth counted."""
    width = weights.shape[1]
    areas, defined = np.zeros((n_groups, width)), np.zeros((n_groups, width))
    counts = np.zeros((4, width), dtype=np.int32)
    retrieved, hits, gained, true = counts[0], counts[1], counts[2], counts[3]
    area = np.zeros(width)
    for ranking in range(len(rankings) - 1):
        counts[:] = 0
        area[:] = 0.0
        for i in range(truth_starts[ranking], truth_starts[ranking + 1]):
            row = weights[truth_unit[i]]
            for b in range(width):
                true[b] += row[b]
        for step in range(rankings[ranking], rankings[ranking + 1]):
            gained[:] = 0
            for i in range(starts[step], starts[step + 1]):
                row = weights[unit[i]]
                for b in range(width):
                    retrieved[b] += row[b]
                if hit[i]:
                    for b in range(width):
                        gained[b] += row[b]
            for b in range(width):
                if gained[b] > 0:
                    hits[b] += gained[b]
                    area[b] += gained[b] * (hits[b] / retrieved[b])
        for b in range(width):
            if true[b] > 0:
                areas[group[ranking], b] += area[b] / true[b]
                defined[group[ranking], b] += 1
    return areas, defined
