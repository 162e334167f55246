"""Sums over labels, of precision, recall and F1 and of labels found, for many resamples of the documents at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from manylabel.metrics.cells import Cells, by_label
from manylabel.metrics.intervals import over_chunks

_TRUE, _CORRECT, _WRONG = 0, 1, 2
_SUMS = 6


@dataclass(frozen=True, eq=False)
class LabelSums:
    """What macro averages are made of. Each attribute is float64, ``[R]``: one value per resample.

    Attributes:
        precision: sum over the labels of TP / (TP + FP), 0/0 counting 0.
        recall: sum over the labels of TP / (TP + FN), 0/0 counting 0.
        f1: sum over the labels of 2 TP / (2 TP + FP + FN), 0/0 counting 0.
        found: number of labels with a TP.
        supported: number of labels with a document in the test.
        known: number of labels with a document in training or test.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    found: np.ndarray
    supported: np.ndarray
    known: np.ndarray


class LabelEvents:
    """Truth and label sets by label, from which :class:`LabelSums` are made for any weights of the units.

    Args:
        truth: the true (unit, label) pairs.
        correct: the assigned pairs that are true.
        wrong: the assigned pairs that are not.
        trained: bool ``[L]``, labels with training documents.
        group: int8 ``[L]``, a number below `n_groups` for each label.
        n_groups: number of groups, at least 1.
    """

    def __init__(
        self, truth: Cells, correct: Cells, wrong: Cells, trained: np.ndarray, group: np.ndarray, n_groups: int
    ) -> None:
        label = np.concatenate([truth.label, correct.label, wrong.label])
        order, starts = by_label(label, len(group))
        occurring = np.flatnonzero(np.diff(starts))
        self._starts = np.append(starts[occurring], starts[-1])
        self._unit = np.concatenate([truth.unit, correct.unit, wrong.unit])[order]
        self._what = np.repeat(
            np.array([_TRUE, _CORRECT, _WRONG], dtype=np.int8), [len(truth), len(correct), len(wrong)]
        )[order]
        self._trained, self._group, self._n_groups = trained[occurring], group[occurring], n_groups
        self._n_trained = np.bincount(group[trained], minlength=n_groups).astype(np.float64)

    def sums(self, weights: np.ndarray) -> list[LabelSums]:
        """The sums over all labels, followed by those over each group when there is more than one.

        Args:
            weights: uint8 ``[C, units, B]``: how often a unit occurs in each of ``R = C * B`` resamples.
        """

        def of_chunk(chunk: np.ndarray) -> np.ndarray:
            return _label_sums(self._starts, self._unit, self._what, self._trained, self._group, self._n_groups, chunk)

        groups = np.concatenate(over_chunks(of_chunk, weights), axis=2)
        groups[:, 5] += self._n_trained[:, None]
        views = [groups.sum(axis=0), *groups] if self._n_groups > 1 else [groups[0]]
        return [LabelSums(*view) for view in views]


@njit(cache=True, nogil=True)
def _label_sums(
    starts: np.ndarray,
    unit: np.ndarray,
    what: np.ndarray,
    trained: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    weights: np.ndarray,
) -> np.ndarray:
    """float64 ``[n_groups, 6, B]`` of weights ``[units, B]``; the last of the six counts supported untrained labels.

    Resamples lie side by side in memory, so that an event adds one short row of weights.
    """
    width = weights.shape[1]
    out = np.zeros((n_groups, _SUMS, width))
    counts = np.zeros((3, width), dtype=np.int32)
    for label in range(len(starts) - 1):
        counts[:] = 0
        any_correct = False
        for event in range(starts[label], starts[label + 1]):
            any_correct |= what[event] == _CORRECT
            if what[event] == _WRONG and not any_correct:
                break  # truth stands first, then hits: without hits the label adds nothing but its support
            row, into = weights[unit[event]], counts[what[event]]
            for b in range(width):
                into[b] += row[b]
        true, correct, wrong = counts[_TRUE], counts[_CORRECT], counts[_WRONG]
        sums = out[group[label]]
        for b in range(width):
            sums[4, b] += true[b] > 0
        if not trained[label]:
            for b in range(width):
                sums[5, b] += true[b] > 0
        if any_correct:
            for b in range(width):
                if correct[b] > 0:
                    sums[0, b] += correct[b] / (correct[b] + wrong[b])
                    sums[1, b] += correct[b] / true[b]
                    sums[2, b] += 2.0 * correct[b] / (correct[b] + wrong[b] + true[b])
                    sums[3, b] += 1
    return out
