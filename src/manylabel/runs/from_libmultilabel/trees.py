"""Models that search a tree of labels: the linear tree, and AttentionXML's clusters."""

from __future__ import annotations

from typing import Any

from manylabel.runs.from_libmultilabel.given import Given

_HINGE_POWER = 2  # exp(-max(0, 1 - margin)^2) is the score of its nodes


def linear_tree(given: Given) -> dict[str, Any]:
    """What a linear tree has beside solver and features. A node of no more labels than the degree is not divided."""
    degree = given.whole("tree_degree")
    return {
        "trees": given.whole("tree_ensemble_models"),
        "beam_width": given.whole("beam_width"),
        "hinge_power": _HINGE_POWER,
        "tree": {"clustering": "kmeans", "branching": degree, "leaf_size": degree},
    }


def clusters(given: Given) -> dict[str, Any]:
    """What AttentionXML has beside its network."""
    return {
        "clustering": {"cluster_size": given.whole("cluster_size")},
        "beam_width": given.whole("beam_width"),
    }
