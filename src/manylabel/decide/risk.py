"""Thresholds that keep a risk below a level: conformal risk control and learn-then-test.

Both see a group of labels as two arrays ``[n, w]``, one row a document: the scores of its listed labels of the group,
falling and padded with ``-inf``, and which of them are true.
"""

from __future__ import annotations

import math

import numpy as np

from manylabel.core.compiled import compiled

_SHARE_OF_LARGEST_BET = 0.75


def conformal_recall_threshold(
    scores: np.ndarray, hits: np.ndarray, true: np.ndarray, level: float, *, over_documents: bool
) -> float | None:
    """The highest threshold whose expected recall on the next document is at least `level`.

    With missed labels as the risk, it is the highest threshold t with ``(sum_i L_i(t) + B) / (n + 1) <= a``, where no
    loss exceeds B: over documents L is the share of its labels that a document misses, B = 1 and a = 1 - level; over
    pairs L is the missed labels less (1 - level) times the true ones, B = level * max_i true_i and a = 0.
    Source: Angelopoulos et al. 2022 (Conformal Risk Control), equation 4 and theorem 1.

    Args:
        scores, hits: see the module.
        true: int64 ``[n]``, true labels of the group of each document, those not listed included.
        level: of recall, in (0, 1).
        over_documents: mean over documents with a label of the group; else over pairs of document and label.

    Returns:
        The threshold, or None where even all listed labels are too few.
    """
    labelled = true > 0
    weights = np.where(labelled, 1.0 / np.maximum(true, 1), 0.0) if over_documents else np.ones(len(true))
    rows, columns = np.nonzero(hits)
    found = scores[rows, columns]
    order = np.argsort(-found, kind="stable")
    reached = np.cumsum(weights[rows[order]])
    if over_documents:
        needed = level * (int(labelled.sum()) + 1)
    else:
        needed = level * (int(true.sum()) + int(true.max(initial=0)))
    place = int(np.searchsorted(reached, needed - 1e-9))
    return float(found[order[place]]) if place < len(order) else None


def smallest_for_recall(level: float, largest: int, *, over_documents: bool) -> int:
    """Documents (or true labels, over pairs) below which no model reaches a conformal recall target.

    Args:
        level: of recall.
        largest: true labels of one document at most.
        over_documents: see :func:`conformal_recall_threshold`.
    """
    return math.ceil(level / (1 - level) * (1 if over_documents else largest) - 1e-9)


def smallest_for_bets(level: float, confidence: float) -> int:
    """Documents below which not even faultless label sets, each as large as allowed, pass the test at all."""
    largest = _SHARE_OF_LARGEST_BET * (1 - level) / level
    return math.ceil(-math.log(1 - confidence) / math.log1p(largest))


@compiled
def excess_precision(scores: np.ndarray, hits: np.ndarray, threshold: float, level: float) -> np.ndarray:
    """For each document, wrong labels less (1 - level) times the assigned ones; its mean is at most 0 exactly where
    precision over pairs is at least `level`."""
    excess = np.zeros(len(scores))
    for row in range(len(scores)):
        for column in range(scores.shape[1]):
            if scores[row, column] < threshold:
                break
            excess[row] += (0.0 if hits[row, column] else 1.0) - (1.0 - level)
    return excess


@compiled
def excess_false_share(scores: np.ndarray, hits: np.ndarray, threshold: float, level: float) -> np.ndarray:
    """For each document with an assigned label, the share that is wrong less (1 - level), else 0; its mean is at most
    0 exactly where the mean precision of documents with an assigned label is at least `level`."""
    excess = np.zeros(len(scores))
    for row in range(len(scores)):
        assigned, wrong = 0, 0
        for column in range(scores.shape[1]):
            if scores[row, column] < threshold:
                break
            assigned += 1
            wrong += 0 if hits[row, column] else 1
        if assigned:
            excess[row] = wrong / assigned - (1.0 - level)
    return excess


@compiled
def excess_missed(
    scores: np.ndarray, hits: np.ndarray, threshold: float, level: float, true: np.ndarray, over_documents: bool
) -> np.ndarray:
    """For each document, missed labels less (1 - level) times the true ones (over documents: divided by the true
    ones); its mean is at most 0 exactly where recall is at least `level`."""
    excess = np.zeros(len(scores))
    for row in range(len(scores)):
        if true[row] == 0:
            continue
        found = 0
        for column in range(scores.shape[1]):
            if scores[row, column] < threshold:
                break
            found += 1 if hits[row, column] else 0
        excess[row] = true[row] - found - (1.0 - level) * true[row]
        if over_documents:
            excess[row] /= true[row]
    return excess


@compiled
def betting_p_value(excess: np.ndarray, most: float, level: float, before: np.ndarray) -> float:
    """A valid p-value, for any number of documents, of the hypothesis that the mean excess is above 0.

    A gambler bets on every document that its excess is below 0, with stakes that depend on earlier documents only; if
    the hypothesis were true, the capital would exceed 1/p with a probability of at most p. Source: Waudby-Smith and
    Ramdas 2024 (Estimating means of bounded random variables by betting), section 4 with the aGRAPA stakes of appendix
    B.3, and Ville's inequality.

    Args:
        excess: float64 ``[n]``, each in ``[-(1 - level) * most, level * most]``, in an order that says nothing.
        most: the largest number of labels that a document's excess can count.
        level: of the target.
        before: other documents' excess, which the first stakes rest on.
    """
    largest = _SHARE_OF_LARGEST_BET / level
    n, total, squares = 1.0, 0.0, 0.25 * (1.0 - level) ** 2
    for value in before:
        gain = -value / most
        n, total, squares = n + 1.0, total + gain, squares + gain * gain
    capital = best = 0.0  # logarithms
    for value in excess:
        gain = -value / most
        mean = total / n
        stake = min(max(mean / (squares / n + 1e-12), 0.0), largest)
        capital += np.log1p(stake * gain)
        best = max(best, capital)
        n, total, squares = n + 1.0, total + gain, squares + gain * gain
    return np.exp(-best)
