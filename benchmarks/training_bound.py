"""Is training as quick as it should be? Arms that start from texts beside PECOS, turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from measure import Run

REFERENCE = "pecos"
TIMES, MORE_SECONDS = 4.0, 60.0


def training_bounds(runs: Sequence[Run], features: dict[str, Any]) -> list[dict[str, Any]]:
    """For each arm that starts from texts, its training time against ``4 x PECOS + 60 s``.

    PECOS gets matrices that are ready; what scikit-learn took to make them is added for the second ratio. The bound is
    taken from PECOS alone, and only from runs of the same turn.

    Args:
        runs: all runs.
        features: facts of the matrices, with ``fit_transform_seconds``.
    """
    reference = _by_turn(runs, REFERENCE)
    making = features["fit_transform_seconds"]
    found = []
    for arm in dict.fromkeys(run.arm.name for run in runs if run.arm.texts):
        own = _by_turn(runs, arm)
        shared = sorted(own.keys() & reference.keys())
        if not shared:
            continue
        pairs = [(own[turn], reference[turn]) for turn in shared]
        found.append(
            {
                "arm": arm,
                "turns": len(shared),
                "train_seconds": median(ours for ours, _ in pairs),
                "pecos_seconds": median(theirs for _, theirs in pairs),
                "ratio": median(ours / theirs for ours, theirs in pairs),
                "ratio_with_features": median(ours / (theirs + making) for ours, theirs in pairs),
                "bound_seconds": median(TIMES * theirs + MORE_SECONDS for _, theirs in pairs),
                "kept_in_turns": sum(ours <= TIMES * theirs + MORE_SECONDS for ours, theirs in pairs),
            }
        )
    return found


def _by_turn(runs: Sequence[Run], arm: str) -> dict[int, float]:
    return {run.repeat: run.result["train_seconds"] for run in runs if run.arm.name == arm and not run.reused}
