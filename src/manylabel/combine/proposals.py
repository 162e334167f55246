"""What a source proposes: for each document some labels, each with a score and what else the source knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from manylabel.combine.ragged import take
from manylabel.core.topk import TopK


@dataclass(frozen=True, eq=False)
class Proposals:
    """Labels proposed for n documents, the best of a document first.

    Attributes:
        indptr: int64 ``[n + 1]``, where each document's proposals begin.
        labels: int32, no label twice for a document.
        values: float32 ``[len(labels), columns]``; the first column is the score, and does not rise in a document. A
            source that can complete what it knows of any candidate gives the score alone.
    """

    indptr: np.ndarray
    labels: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def rows(self) -> np.ndarray:
        """int64: the document of each proposal."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    @classmethod
    def from_topk(cls, top: TopK) -> Proposals:
        """The labels of a top-k, with their scores alone."""
        return cls.from_lists(top.indices, top.scores[:, :, None])

    @classmethod
    def from_lists(cls, labels: np.ndarray, values: np.ndarray) -> Proposals:
        """From padded lists.

        Args:
            labels: int32 ``[n, m]``, -1 pads.
            values: float32 ``[n, m, columns]``.
        """
        present = labels >= 0
        indptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int64)
        return cls(indptr, labels[present], values[present])

    @classmethod
    def none(cls, n: int, columns: int) -> Proposals:
        """Nothing for n documents."""
        return cls(np.zeros(n + 1, np.int64), np.zeros(0, np.int32), np.zeros((0, columns), np.float32))

    def select(self, rows: np.ndarray) -> Proposals:
        """Those of some documents, in the given order."""
        indptr, taken = take(self.indptr, rows)
        return Proposals(indptr, self.labels[taken], self.values[taken])


class Stacked(NamedTuple):
    """What S sources propose for the same n documents, one after the other.

    Attributes:
        starts: int64 ``[S, n + 1]``, where the proposals of each source for each document begin.
        labels: int32, of all sources.
        scores: float32, likewise.
    """

    starts: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


def stack(proposed: Sequence[Proposals], n: int) -> Stacked:
    """Put the proposals of sources for n documents one after the other."""
    sizes = np.cumsum([0, *(len(proposals.labels) for proposals in proposed)])
    starts = [proposals.indptr + size for proposals, size in zip(proposed, sizes, strict=False)]
    return Stacked(
        np.array(starts, np.int64).reshape(len(starts), n + 1),
        np.concatenate([np.zeros(0, np.int32), *(proposals.labels for proposals in proposed)]),
        np.concatenate([np.zeros(0, np.float32), *(proposals.values[:, 0] for proposals in proposed)]),
    )
