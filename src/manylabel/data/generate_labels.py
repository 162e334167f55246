"""The labels of a generated corpus: a forest over them, how often each occurs, and which occur together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SCATTER = 1.5  # standard deviation of the log rank: some leaves are frequent, some roots are rare


@dataclass(frozen=True, eq=False)
class LabelForest:
    """L labels; all arrays have L entries.

    Attributes:
        parents: int64, position of each label's parent, always a smaller one; -1 for a root.
        chances: float64, chance that a drawn label is this one: rank to the power of minus the exponent, sum 1.
        order: int64, the labels family by family. A family is a set of siblings, on every other level with their
            parent; each label is in exactly one.
        family: int64, number of the family of each label.
        family_edges: float64 ``[families + 1]``, where each family begins and ends on the axis of `edges`.
        edges: float64 ``[L + 1]``, cumulated chances of the labels in `order`, from 0 to 1.
        family_starts: int64 ``[families + 1]``, where each family begins and ends in `order`.
    """

    parents: np.ndarray
    chances: np.ndarray
    order: np.ndarray
    family: np.ndarray
    edges: np.ndarray
    family_starts: np.ndarray

    def __len__(self) -> int:
        return len(self.parents)

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Labels by their chances, from uniform numbers in [0, 1)."""
        return self.order[self._position(uniform, 0, len(self))]

    def draw_relatives(self, labels: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """For each label one of its family (perhaps itself), by the chances within the family.

        Every label is in one family, so a relative of a drawn label has the same distribution as a drawn label:
        co-occurrence costs nothing of Zipf's law.
        """
        family = self.family[labels]
        first, last = self.family_starts[family], self.family_starts[family + 1]
        low, high = self.edges[first], self.edges[last]
        return self.order[self._position(low + uniform * (high - low), first, last)]

    def _position(self, point: np.ndarray, first: np.ndarray | int, last: np.ndarray | int) -> np.ndarray:
        # Rounding may put a point on the far edge of its family.
        return np.clip(np.searchsorted(self.edges, point, side="right") - 1, first, np.asarray(last) - 1)


def grow_forest(labels: int, children: int, exponent: float, seed: int) -> LabelForest:
    """A forest with Zipf frequencies.

    Args:
        labels: L.
        children: how many children each inner label has, and how many roots there are.
        exponent: of Zipf's law; 0 makes all labels equally frequent.
        seed: equal seeds give equal forests.
    """
    position = np.arange(labels, dtype=np.int64)
    parents = np.where(position < children, -1, position // children - 1)
    generator = np.random.default_rng([seed, 0])
    # Labels near the roots tend to be frequent, as in real vocabularies, but the order is not strict.
    weight = np.log1p(position) + _SCATTER * generator.standard_normal(labels)
    rank = np.empty(labels, dtype=np.int64)
    rank[np.argsort(weight, kind="stable")] = position
    chances = (rank + 1.0) ** -exponent
    chances /= chances.sum()
    # A leaf never heads a family, for it would be alone in it.
    inner = (position + 1) * children < labels
    head = np.where(inner & (_depth(labels, children) % 2 == 0), position, parents)
    order = np.lexsort((position, head))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(head[order])) + 1, [labels]])
    family = np.empty(labels, dtype=np.int64)
    family[order] = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    edges = np.concatenate([[0.0], np.cumsum(chances[order])])
    return LabelForest(parents, chances, order, family, edges / edges[-1], starts)


def _depth(labels: int, children: int) -> np.ndarray:
    """Level of each label, 0 for the roots; a level fills a range of positions."""
    depth = np.zeros(labels, dtype=np.int64)
    first, size, level = 0, children, 0
    while first < labels:
        depth[first : first + size] = level
        first, size, level = first + size, size * children, level + 1
    return depth
