"""Trees that someone else has trained, as a few arrays that are walked fast.

A ranker scores a hundred candidates for every document, so walking its trees is most of the time that a prediction
takes. LightGBM, which trains them, is made for large batches: with one row it spends milliseconds before it starts.
Here sixteen rows go down a tree side by side, without a branch, and come to the same sums to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from manylabel.core.compiled import compiled
from manylabel.core.parallel import run_jobs

_ROWS_PER_JOB = 4096
_SIDE_BY_SIDE = 16


@dataclass(frozen=True, eq=False)
class Forest:
    """Binary trees over F features; a row's score is the sum of the leaves that it falls into.

    Attributes:
        roots: int32 ``[trees]``, the node that each tree begins with.
        depths: int32 ``[trees]``, steps from the root to the lowest leaf.
        features: int32 ``[nodes]``, twice the number of the feature that a node asks for, and one more where a missing
            value goes to the right; 0 for leaves.
        thresholds: float32 ``[nodes]``, a row goes left where its value is not above it; infinite for leaves.
        children: int32 ``[nodes]``, the left child, which the right one follows; a leaf is its own.
        values: float64 ``[nodes]``, of leaves.
    """

    roots: np.ndarray
    depths: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray
    children: np.ndarray
    values: np.ndarray

    @classmethod
    def from_dump(cls, trees: list[dict[str, Any]]) -> Forest:
        """From the trees of LightGBM's ``Booster.dump_model()["tree_info"]``.

        Raises:
            ValueError: a kind of split that these trees do not have (categories, zero for a missing value).
        """
        nodes = _Nodes()
        roots, depths = [], []
        for tree in trees:
            roots.append(nodes.room(1))
            depths.append(nodes.place(tree["tree_structure"], roots[-1]))
        return cls(
            np.array(roots, np.int32),
            np.array(depths, np.int32),
            np.array(nodes.features, np.int32),
            np.array(nodes.thresholds, np.float32),
            np.array(nodes.children, np.int32),
            np.array(nodes.values, np.float64),
        )

    def score(self, features: np.ndarray) -> np.ndarray:
        """The sums of leaves, float64 ``[n]``.

        Args:
            features: float32 ``[n, F]``, NaN where a value is missing.
        """
        sums = np.zeros(len(features))
        rows = np.ascontiguousarray(features, np.float32)
        arrays = (self.roots, self.depths, self.features, self.thresholds, self.children, self.values)

        def work(start: int) -> None:
            block = slice(start, start + _ROWS_PER_JOB)
            _walk(rows[block], *arrays, sums[block])

        for _ in run_jobs(work, range(0, len(rows), _ROWS_PER_JOB)):
            pass
        return sums

    def validate(self, n_features: int) -> None:
        """Check what the compiled walk takes for granted.

        Raises:
            ValueError: arrays that do not fit together, or to the number of features.
        """
        nodes = np.arange(len(self.children))
        inner = self.children != nodes
        sound = (
            self.roots.shape == self.depths.shape
            and self.features.shape == self.thresholds.shape == self.children.shape == self.values.shape
            and (len(self.roots) == 0 or 0 <= self.roots.min() <= self.roots.max() < len(nodes))
            and (len(self.features) == 0 or 0 <= self.features.min() <= self.features.max() < 2 * n_features)
            and bool((self.children[inner] > nodes[inner]).all())
            and int(self.children[inner].max(initial=-1)) + 1 < max(len(nodes), 1)
        )
        if not sound:
            raise ValueError("the arrays of the trees do not fit together")

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays for a safetensors file."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Forest:
        """Read what :meth:`to_arrays` gave."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})


class _Nodes:
    """Nodes as lists, while trees are laid out."""

    def __init__(self) -> None:
        self.features: list[int] = []
        self.thresholds: list[float] = []
        self.children: list[int] = []
        self.values: list[float] = []

    def room(self, nodes: int) -> int:
        """Make room for some leaves; returns the first."""
        first = len(self.features)
        self.features += [0] * nodes
        self.thresholds += [np.inf] * nodes
        self.children += range(first, first + nodes)
        self.values += [0.0] * nodes
        return first

    def place(self, node: dict[str, Any], at: int) -> int:
        """Lay a node and all below it out; returns the steps to its lowest leaf."""
        if "leaf_value" in node:
            self.values[at] = node["leaf_value"]
            return 0
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise ValueError(f"splits of kind {node['decision_type']}, {node['missing_type']} are not known here")
        # What was never missing in training is taken for 0, as LightGBM does.
        left = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0.0
        self.features[at] = 2 * node["split_feature"] + (not left)
        self.thresholds[at] = _at_most(node["threshold"])
        self.children[at] = first = self.room(2)
        return 1 + max(self.place(node["left_child"], first), self.place(node["right_child"], first + 1))


def _at_most(threshold: float) -> float:
    """The largest float32 that is not above a float64: it parts float32 values in the same way."""
    with np.errstate(over="ignore"):
        nearest = np.float32(threshold)
    return float(np.nextafter(nearest, np.float32(-np.inf)) if float(nearest) > threshold else nearest)


@compiled
def _walk(
    rows: np.ndarray,
    roots: np.ndarray,
    depths: np.ndarray,
    features: np.ndarray,
    thresholds: np.ndarray,
    children: np.ndarray,
    values: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Unsigned positions need no check for counting from the end."""
    n, width = rows.shape
    # Each value twice, the second time for nodes that send a missing one to the right: a missing value is no case then.
    doubled = np.empty((_SIDE_BY_SIDE, 2 * width), np.float32)
    at = np.zeros(_SIDE_BY_SIDE, np.uint32)
    for start in range(0, n, _SIDE_BY_SIDE):
        beside = min(_SIDE_BY_SIDE, n - start)
        for i in range(beside):
            for j in range(width):
                value = rows[start + i, j]
                missing = np.isnan(value)
                doubled[i, 2 * j] = np.float32(-np.inf) if missing else value
                doubled[i, 2 * j + 1] = np.float32(np.inf) if missing else value
        for tree in range(roots.shape[0]):
            for i in range(beside):
                at[i] = roots[tree]
            for _ in range(depths[tree]):
                for i in range(beside):
                    node = at[i]
                    above = doubled[i, np.uint32(features[node])] > thresholds[node]
                    at[i] = np.uint32(children[node]) + np.uint32(above)
            for i in range(beside):
                sums[start + i] += values[at[i]]
