"""Labels with too few documents in a test or validation part to be measured on their own."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import counted, share

FEWEST = 5
_NOTE, _WARNING = 0.1, 0.5
_Z = 1.96


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part in which a tenth of the trained labels or more have fewer than five documents."""
    return [finding for name in inspected.others if (finding := _check_part(inspected, name)) is not None]


def _check_part(inspected: Inspected, name: str) -> Finding | None:
    trained, counts = inspected.counts[TRAIN] > 0, inspected.counts[name]
    few, absent = trained & (counts < FEWEST), trained & (counts == 0)
    total = int(trained.sum())
    if total == 0 or few.sum() < _NOTE * total:
        return None
    low, high = wilson(0.5, FEWEST - 1)
    own = np.flatnonzero(few)
    own = own[np.argsort(-inspected.counts[TRAIN][own], kind="stable")]
    return Finding(
        rule="few-test-documents",
        severity="warning" if few.sum() >= _WARNING * total else "note",
        what=f"{int(few.sum()):,} of {total:,} trained labels ({share(int(few.sum()), total)}) have fewer than "
        f"{FEWEST} documents in {name}, {int(absent.sum()):,} have none.",
        why=f"With {FEWEST - 1} documents, half of them found, the recall of a label lies anywhere from {share(low)} "
        f"to {share(high)} (95 %). Macro averages rest on such labels and move by chance.",
        advice="Read these labels by group (head, torso, tail) and with intervals instead of one by one; a larger "
        f"{name} part, or a stratified split, measures more of them.",
        evidence={
            "part": name,
            "labels": int(few.sum()),
            "absent": int(absent.sum()),
            "share": float(few.sum() / total),
            "documents_of_part": len(inspected.parts[name]),
        },
        examples=[
            {
                "label": inspected.label_name(label),
                "training": counted(int(inspected.counts[TRAIN][label]), "document"),
                name: counted(int(counts[label]), "document"),
            }
            for label in own[: inspected.options.examples].tolist()
        ],
    )


def wilson(rate: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of n (Wilson 1927)."""
    middle = (rate + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * np.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return float(middle - half), float(middle + half)
