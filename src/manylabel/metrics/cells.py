"""(unit, label) pairs and their order by label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True, eq=False)
class Cells:
    """Pairs of a unit (a document, or a block of documents) and a label, in any order.

    Attributes:
        unit: int32 ``[c]``.
        label: int32 ``[c]``.
    """

    unit: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.unit)

    def where(self, chosen: np.ndarray) -> Cells:
        """The pairs that a bool ``[c]`` chooses."""
        return Cells(self.unit[chosen], self.label[chosen])


def join(first: Cells, second: Cells, units: int) -> Cells:
    """The pairs of both, the units of the second counted on from `units`."""
    return Cells(
        np.concatenate([first.unit, second.unit + np.int32(units)]), np.concatenate([first.label, second.label])
    )


def by_label(label: np.ndarray, n_labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Order of the pairs by label (stable), and where each label begins: int64 ``[c]`` and ``[L + 1]``."""
    starts = np.zeros(n_labels + 1, dtype=np.int64)
    np.cumsum(np.bincount(label, minlength=n_labels), out=starts[1:])
    return _counting_order(label, starts), starts


@njit(cache=True, nogil=True)
def _counting_order(label: np.ndarray, starts: np.ndarray) -> np.ndarray:
    following = starts[:-1].copy()
    order = np.empty(len(label), dtype=np.int64)
    for i in range(len(label)):
        order[following[label[i]]] = i
        following[label[i]] += 1
    return order
