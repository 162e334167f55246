"""What every way to decide is: fitted on examples, it turns scores into label sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.config import Section
from manylabel.core.topk import TopK
from manylabel.decide.examples import Examples


class Method(ABC):
    """Base of all methods.

    Args:
        config: its section.
    """

    kind: ClassVar[str]
    learns: ClassVar[bool] = True
    """Whether anything is found out from the examples."""

    def __init__(self, config: Section) -> None:
        self.config: Any = config

    @abstractmethod
    def fit(self, examples: Examples) -> Self:
        """Find out from held-out documents what is to be found out.

        Raises:
            InputError: these documents cannot support what is asked.
        """

    @abstractmethod
    def decide(self, topk: TopK) -> csr_matrix:
        """Label sets, bool CSR ``[n, L]`` with sorted columns, over the label space of the scores."""

    def describe(self) -> list[str]:
        """What was found, a sentence a line."""
        return []

    def keep_labels(self, kept: np.ndarray) -> None:
        """Go on over fewer labels.

        Args:
            kept: indices of the labels that remain, int64, ascending.
        """
        del kept

    @property
    def facts(self) -> dict[str, Any]:
        """What was found, JSON-ready."""
        return {}

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What must be stored beside the section."""
        return {}

    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Read what :meth:`to_arrays` and :attr:`facts` gave.

        Raises:
            KeyError, ValueError, TypeError: it is not that.
        """
        del arrays, facts


class ThresholdMethod(Method):
    """Methods that accept a label from a score on, a score for each label or the same for all.

    Attributes:
        thresholds: float32 ``[L]``, or empty where all labels share one.
        common: the threshold of a label that has none of its own: one that is new to the model.
    """

    def __init__(self, config: Section) -> None:
        super().__init__(config)
        self.thresholds = np.zeros(0, np.float32)
        self.common = np.float32(np.inf)

    def decide(self, topk: TopK) -> csr_matrix:
        """See :meth:`Method.decide`."""
        return as_sets(topk, (topk.indices >= 0) & (topk.scores >= self.threshold_of(topk.indices)))

    def threshold_of(self, labels: np.ndarray) -> np.ndarray:
        """float32, the threshold of each of some label indices."""
        own = np.append(self.thresholds, self.common)
        return own[np.where((labels < 0) | (labels >= len(self.thresholds)), len(self.thresholds), labels)]

    def keep_labels(self, kept: np.ndarray) -> None:
        """See :meth:`Method.keep_labels`."""
        self.thresholds = np.array(self.thresholds[kept[kept < len(self.thresholds)]])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """See :meth:`Method.to_arrays`."""
        return {"thresholds": self.thresholds, "common": np.array([self.common], np.float32)}

    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """See :meth:`Method.restore`."""
        super().restore(arrays, facts)
        self.thresholds, self.common = arrays["thresholds"], arrays["common"][0]
        if self.thresholds.ndim != 1 or self.thresholds.dtype != np.float32 or arrays["common"].shape != (1,):
            raise ValueError("thresholds of the wrong shape or type")


class OwnThresholds(ThresholdMethod):
    """Methods that find a threshold for each label that deserves one, and give the others something else."""

    def __init__(self, config: Section) -> None:
        super().__init__(config)
        self.own = 0

    @property
    def facts(self) -> dict[str, Any]:
        """See :attr:`Method.facts`."""
        return {"labels_with_own_threshold": self.own, "common_threshold": float(self.common)}

    def restore(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """See :meth:`Method.restore`."""
        super().restore(arrays, facts)
        self.own = int(facts["labels_with_own_threshold"])


def as_sets(topk: TopK, chosen: np.ndarray) -> csr_matrix:
    """The chosen positions of lists (bool ``[n, k]``) as label sets."""
    assert topk.labels is not None
    indptr = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))])
    labels = topk.indices[chosen]
    sets = csr_matrix((np.ones(len(labels), bool), labels, indptr), shape=(topk.n, len(topk.labels)))
    sets.sort_indices()
    return sets
