"""The label tree: clusters of labels, as a few integer arrays with no model inside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.arrays import check_offsets
from manylabel.trees.balanced_kmeans import halve_repeatedly
from manylabel.trees.kmeans import kmeans


@dataclass(frozen=True, eq=False)
class LabelTree:
    """A tree whose leaves are the labels, each label once.

    Level 0 is the root's children, the last level the labels themselves. The children of node p of the level above
    are the positions ``offsets[l][p]`` to ``offsets[l][p + 1]`` of level l; the root is node 0 above level 0. Inner
    nodes are known by their position, labels stand in the order `label_order`.

    Attributes:
        offsets: one int64 array per level: ``[nodes of the level above + 1]``.
        label_order: int32 ``[L]``: the label at each position of the last level.
    """

    offsets: tuple[np.ndarray, ...]
    label_order: np.ndarray

    @property
    def depth(self) -> int:
        """Number of levels, the labels included."""
        return len(self.offsets)

    @property
    def n_labels(self) -> int:
        """L."""
        return len(self.label_order)

    def n_nodes(self, level: int) -> int:
        """Number of nodes of a level."""
        return int(self.offsets[level][-1])

    def parents(self, level: int) -> np.ndarray:
        """int32 ``[nodes of the level]``: the position of each node's parent in the level above."""
        sizes = np.diff(self.offsets[level])
        return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)

    def ancestors(self) -> list[np.ndarray]:
        """For each level an int32 ``[L]``: the node of that level above (or at) each label."""
        position = np.empty(self.n_labels, dtype=np.int32)
        position[self.label_order] = np.arange(self.n_labels, dtype=np.int32)
        found = [position]
        for level in range(self.depth - 1, 0, -1):
            found.append(self.parents(level)[found[-1]])
        return found[::-1]

    def clusters(self, level: int) -> csr_matrix:
        """bool CSR ``[nodes of the level, L]``: the labels below each node."""
        ancestor = self.ancestors()[level]
        ones = np.ones(self.n_labels, dtype=bool)
        matrix = csr_matrix((ones, (ancestor, np.arange(self.n_labels))), shape=(self.n_nodes(level), self.n_labels))
        matrix.sort_indices()
        return matrix

    def validate(self) -> None:
        """Check that the arrays form a tree.

        Raises:
            ValueError: they do not.
        """
        if not self.offsets or self.label_order.ndim != 1 or self.label_order.dtype.kind != "i":
            raise ValueError("a label tree has levels and an order of labels")
        above = 1
        for level, offsets in enumerate(self.offsets):
            below = int(offsets[-1]) if offsets.ndim == 1 and len(offsets) else -1
            check_offsets(offsets, above, below, f"level {level} of the label tree")
            above = below
        if above != self.n_labels or not np.array_equal(np.sort(self.label_order), np.arange(self.n_labels)):
            raise ValueError("the last level of the label tree does not hold each label once")

    def among(self, members: np.ndarray, n_labels: int) -> LabelTree:
        """The same clusters for a larger label space, the labels outside them spread evenly over the lowest clusters.

        Args:
            members: int ``[L]``, what each label of this tree is called in the larger space.
            n_labels: size of the larger space.
        """
        others = np.setdiff1d(np.arange(n_labels, dtype=np.int32), members)
        bounds = self.offsets[-1]
        leaves = len(bounds) - 1
        parts = [
            np.concatenate([members[self.label_order[bounds[leaf] : bounds[leaf + 1]]], others[leaf::leaves]])
            for leaf in range(leaves)
        ]
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        return LabelTree((*self.offsets[:-1], offsets), np.concatenate(parts).astype(np.int32))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The tree as named arrays, for a safetensors file."""
        return {
            **{f"offsets{level}": offsets for level, offsets in enumerate(self.offsets)},
            "label_order": self.label_order,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> LabelTree:
        """Read what :meth:`to_arrays` gave."""
        depth = sum(1 for name in arrays if name.startswith("offsets"))
        return cls(tuple(arrays[f"offsets{level}"] for level in range(depth)), arrays["label_order"])

    @classmethod
    def from_groups(cls, groups: Sequence[Sequence[int]]) -> LabelTree:
        """A tree of two levels from given clusters of label indices."""
        order = np.array([label for group in groups for label in group], dtype=np.int32)
        offsets = np.concatenate([[0], np.cumsum([len(group) for group in groups])]).astype(np.int64)
        return cls((np.array([0, len(groups)], dtype=np.int64), offsets), order)


def build_balanced_tree(label_features: csr_matrix, *, branching: int, leaf_size: int, seed: int = 0) -> LabelTree:
    """A tree from repeated balanced 2-means.

    The labels are halved until no cluster holds more than `leaf_size` of them; the binary levels are then collapsed,
    counted from the leaves, so that a node has `branching` children (the root may have fewer).

    Args:
        label_features: float32 CSR ``[L, d]``, unit rows (see :mod:`manylabel.trees.label_features`).
        branching: children of an inner node, a power of two.
        leaf_size: labels of a lowest cluster at most.
        seed: of the clustering.
    """
    labels = label_features.shape[0]
    binary_levels = max(0, math.ceil(math.log2(max(labels, 1) / leaf_size)))
    step = round(math.log2(branching))
    order, bounds = halve_repeatedly(label_features, binary_levels, seed=seed)
    kept = sorted({max(binary_levels - step * up, 0) for up in range(binary_levels // step + 2)} - {0})
    offsets, above = [], 1
    for depth in kept:
        nodes = 2**depth
        offsets.append(np.arange(above + 1, dtype=np.int64) * (nodes // above))
        above = nodes
    offsets.append(bounds.astype(np.int64))
    return LabelTree(tuple(offsets), order)


def build_tree_with_counts(label_features: csr_matrix, counts: Sequence[int], *, seed: int = 0) -> LabelTree:
    """A tree with given numbers of clusters on its levels, from repeated balanced 2-means (AttentionXML, section 3.1).

    Args:
        label_features: float32 CSR ``[L, d]``, unit rows.
        counts: clusters of each level above the labels, powers of two that grow; none of them makes a tree of labels
            alone.
        seed: of the clustering.

    Raises:
        ValueError: a count is no power of two, or they do not grow.
    """
    depths = [count.bit_length() - 1 for count in counts]
    if any(2**depth != count for depth, count in zip(depths, counts, strict=True)) or sorted(set(depths)) != depths:
        raise ValueError(f"numbers of clusters must be powers of two that grow, not {list(counts)}")
    order, bounds = halve_repeatedly(label_features, depths[-1] if depths else 0, seed=seed)
    offsets = [np.arange(above + 1) * (count // above) for above, count in zip((1, *counts), counts, strict=False)]
    return LabelTree((*offsets, bounds.astype(np.int64)), order)


def build_kmeans_tree(label_features: csr_matrix, *, branching: int, leaf_size: int, seed: int = 0) -> LabelTree:
    """A tree from k-means without balance: shallow and wide, clusters as large as they are (Bonsai).

    A cluster of more than `leaf_size` labels is split into at most `branching`; one that cannot be split further
    stays whole. Clusters that end early are continued by single children, so that all labels lie at one depth.

    Args:
        label_features: float32 CSR ``[L, d]``, unit rows.
        branching: children of an inner node at most.
        leaf_size: larger clusters are split.
        seed: of the clustering.
    """
    level: list[np.ndarray] = [np.arange(label_features.shape[0], dtype=np.int32)]
    offsets: list[np.ndarray] = []
    closed = [False]
    while not all(closed) and not all(len(cluster) <= leaf_size for cluster in level):
        following: list[np.ndarray] = []
        following_closed: list[bool] = []
        sizes = []
        for number, (cluster, is_closed) in enumerate(zip(level, closed, strict=True)):
            parts = [cluster]
            if not is_closed and len(cluster) > leaf_size:
                assignment = kmeans(
                    label_features[cluster], branching, seed=seed * 1_000_003 + 7919 * len(offsets) + number
                )
                parts = [cluster[assignment == c] for c in np.unique(assignment)]
            stuck = len(parts) == 1
            following.extend(parts)
            following_closed.extend([stuck or len(part) <= leaf_size for part in parts])
            sizes.append(len(parts))
        if len(following) == len(level):
            break
        offsets.append(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
        level, closed = following, following_closed
    offsets.append(np.concatenate([[0], np.cumsum([len(cluster) for cluster in level])]).astype(np.int64))
    return LabelTree(tuple(offsets), np.concatenate(level))
