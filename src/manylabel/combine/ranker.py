"""What every ranker is: learns from candidates which of them are right, and scores others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.combine.candidates import Candidates
from manylabel.combine.ragged import take
from manylabel.core.run_directory import RunDirectory, RunWriter


@dataclass(frozen=True, eq=False)
class Judged:
    """Candidates whose truth is known.

    Attributes:
        candidates: of n documents.
        right: bool, for each candidate whether it is a label of its document.
        truth: bool CSR ``[n, L]``, all labels of the documents, also those that are no candidates.
        weights: float32, of each candidate; None for ones.
    """

    candidates: Candidates
    right: np.ndarray
    truth: csr_matrix
    weights: np.ndarray | None = None

    @classmethod
    def of(cls, candidates: Candidates, truth: csr_matrix) -> Judged:
        """Compare candidates with the truth.

        Args:
            candidates: of n documents, of labels below L.
            truth: bool CSR ``[n, L]``.
        """
        width = truth.shape[1]
        rows = np.repeat(np.arange(truth.shape[0], dtype=np.int64), np.diff(truth.indptr))
        return cls(
            candidates, np.isin(candidates.rows * width + candidates.labels, rows * width + truth.indices), truth
        )

    def select(self, documents: np.ndarray) -> Judged:
        """Those of some documents, in the given order."""
        _, taken = take(self.candidates.indptr, documents)
        weights = None if self.weights is None else self.weights[taken]
        return Judged(self.candidates.select(documents), self.right[taken], self.truth[documents], weights)

    def without(self, source: str, number: int) -> Judged:
        """As if a source had been left out; see :meth:`Candidates.without`."""
        kept = np.delete(self.candidates.found, number, axis=1).any(axis=1)
        weights = None if self.weights is None else self.weights[kept]
        return Judged(self.candidates.without(source, number), self.right[kept], self.truth, weights)


class Ranker(ABC):
    """Base of all rankers. A ranker is made from its configuration section, as its `config`.

    Attributes:
        probabilistic: whether its scores are probabilities, where all candidates weigh the same.
    """

    probabilistic: ClassVar[bool] = True

    @abstractmethod
    def fit(self, training: Judged, held_out: Judged, *, seed: int) -> Self:
        """Learn.

        Args:
            training: candidates to learn from.
            held_out: candidates of other documents, on which its size is tuned.
            seed: of everything that is drawn.
        """

    @abstractmethod
    def score(self, candidates: Candidates) -> np.ndarray:
        """A score for each candidate, float32; a larger one means that it is more likely right."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What was found while it was fitted: its size, and which features matter; JSON-serialisable."""

    @abstractmethod
    def write(self, writer: RunWriter) -> None:
        """Write what was learned into a run."""

    @abstractmethod
    def restore(self, run: RunDirectory, n_features: int) -> None:
        """Read what :meth:`write` wrote.

        Args:
            run: where it is.
            n_features: F, of the candidates that it will score.

        Raises:
            ValueError: what is there does not fit together, or not to the features.
        """
