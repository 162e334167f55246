"""A part whose labels are distributed otherwise than in training."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from manylabel.core.finding import Finding, Severity
from manylabel.data.inspect.drift import Drift, drift
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import share


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part whose label distribution is off by more than chance does (p at most 0.01)."""
    return [finding for name in inspected.others if (finding := _check_part(inspected, name)) is not None]


def _check_part(inspected: Inspected, name: str) -> Finding | None:
    found = drift(inspected.train.positives, inspected.parts[name].positives, seed=inspected.options.seed)
    if found.severity is None:
        return None
    worst = np.argsort(-np.abs(found.surprise), kind="stable")
    worst = worst[np.abs(found.surprise[worst]) >= 3][: max(inspected.options.examples, 3)]
    examples = [_example(inspected, found, name, label) for label in worst.tolist()]
    named = "; ".join(f"{item['label']} {item[TRAIN]} in {TRAIN} and {item[name]} in {name}" for item in examples[:3])
    return Finding(
        rule="label-drift",
        severity=cast(Severity, found.severity),
        what=f"Labels are distributed otherwise in {name} than in {TRAIN}: {found.divergence:.3f} bits apart "
        f"(Jensen-Shannon), where chance gives {found.by_chance:.3f}" + (f"; {named}." if named else "."),
        why=f"Scores and thresholds that fit {TRAIN} are off in {name}: too high for labels that became rarer, too low "
        "for those that became more frequent. The difference may be the split's, or that of another time or source.",
        advice="If the parts should be alike, split again (`--method stratified`). If new documents will look like "
        f"{name}, fit decisions on documents like those.",
        evidence=found.evidence(name),
        examples=examples[: inspected.options.examples],
    )


def _example(inspected: Inspected, found: Drift, name: str, label: int) -> dict[str, Any]:
    shares = {part: inspected.counts[part][label] / len(inspected.parts[part]) for part in (TRAIN, name)}
    return {
        "label": inspected.label_name(label),
        **{part: share(float(value)) for part, value in shares.items()},
        "deviations": round(float(found.surprise[label]), 1),
    }
