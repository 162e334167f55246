"""Metrics of the first k labels of a list: P@k, R@k, RP@k, nDCG@k, hit@k, and LRAP.

Definitions as in the Extreme Classification Repository (manikvarma.org/downloads/XC/XMLRepository.html) and, for nDCG,
Järvelin and Kekäläinen 2002. The order of the list is the ranking; a position without a label is a miss.
"""

from __future__ import annotations

import numpy as np

from manylabel.metrics.batch import View
from manylabel.metrics.metric import divide, metric


def _hits(view: View, k: int) -> np.ndarray:
    return view.hits[:, :k].sum(axis=1)


def discounts(k: int) -> np.ndarray:
    """float64 ``[k]``: ``1 / log2(1 + rank)`` for the ranks 1 to k."""
    return 1.0 / np.log2(np.arange(2, k + 2))


def ideal_gains(true: np.ndarray, k: int) -> np.ndarray:
    """Sum of the discounts of the ranks 1 to ``min(k, true)``: the DCG of a perfect list, float64 ``[n]``."""
    gains = np.zeros(k + 1)
    np.cumsum(discounts(k), out=gains[1:])
    return gains[np.minimum(true, k)]


@metric("ratio")
def precision_at(view: View, k: int) -> tuple[np.ndarray, np.ndarray]:
    """P@k: hits among the first k, over k, also where the list is shorter.

    By group: of the labels of the group that stand among the first k of any list, the share that is true (0 if there
    are none), so that it can be read beside R@k of the group. Documents without a true label of the group count too,
    as what is predicted for them is wrong.
    """
    slots = np.full(view.batch.n, k) if view.whole else view.present[:, :k].sum(axis=1)
    return _hits(view, k), slots


@metric("mean")
def recall_at(view: View, k: int) -> np.ndarray:
    """R@k: hits among the first k, over the number of true labels. By group: both of the group's labels only."""
    return divide(_hits(view, k), view.true)


@metric("mean")
def r_precision_at(view: View, k: int) -> np.ndarray:
    """RP@k: hits among the first k, over the most there can be, ``min(k, true labels)``; by group as R@k."""
    return divide(_hits(view, k), np.minimum(view.true, k))


@metric("mean")
def ndcg_at(view: View, k: int) -> np.ndarray:
    """nDCG@k: sum of ``1 / log2(1 + rank)`` over the hits among the first k, over that of a perfect list.

    By group: as if only the labels of the group were true; the ranks stay those of the whole list.
    """
    gains = np.where(view.hits[:, :k], discounts(k), 0.0).sum(axis=1)
    return divide(gains, ideal_gains(view.true, k))


@metric("mean")
def hit_at(view: View, k: int) -> np.ndarray:
    """hit@k: 1 where at least one true label is among the first k. By group: a true label of the group."""
    return np.minimum(_hits(view, k), 1)


@metric("mean", needs_whole_list=True)
def lrap(view: View) -> np.ndarray:
    """Label ranking average precision: mean over the true labels of the precision at the rank of each.

    A true label beyond the end of the list counts 0, so a list cut at k gives a lower bound. By group: as if only the
    labels of the group were true; the ranks stay those of the whole list.
    """
    rows, columns = view.hit_cells
    found = np.bincount(rows, minlength=view.batch.n)
    before = np.arange(len(rows)) - np.repeat(np.cumsum(found) - found, found)
    return divide(np.bincount(rows, (before + 1) / (columns + 1), minlength=view.batch.n), view.true)
