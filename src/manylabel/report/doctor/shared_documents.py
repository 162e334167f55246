"""Test documents that stand in the training part."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding, Severity
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.twins import twins
from manylabel.report.doctor.wording import count, percent

_SERIOUS, _WARNING = 0.05, 0.01
_MOST_EXAMPLES = 3


def shared_documents(examined: Examined) -> list[Finding]:
    """Find test texts that also stand in training, and measure with and without them.

    Equal means equal up to letter case and blanks; near duplicates are found by ``manylabel data inspect``.
    """
    part, training = examined.measured, examined.training_corpus()
    twin = twins(part.corpus, training)
    shared = twin >= 0
    share = float(shared.mean())
    if not shared.any():
        return []
    severity: Severity = "serious" if share >= _SERIOUS else "warning" if share >= _WARNING else "note"
    evidence: dict[str, float] = {"share of the test documents": share}
    inside, outside = shared & part.labelled, ~shared & part.labelled
    said = ""
    if inside.any() and outside.any():
        evidence["P@1 on shared documents"] = float(part.hit_at_1[inside].mean())
        evidence["P@1 on all others"] = other = float(part.hit_at_1[outside].mean())
        evidence["P@1 on all"] = every = float(part.hit_at_1[part.labelled].mean())
        said = f" P@1 is {percent(every)} on all, {percent(other)} on the documents that training did not see."
    texts = examined.texts(part.corpus)
    examples = [
        {"test document": row + 1, "training document": int(twin[row]) + 1, "text": texts[row][:80]}
        for row in np.flatnonzero(shared)[:_MOST_EXAMPLES].tolist()
    ]
    return [
        Finding(
            "shared-documents",
            severity,
            f"{count(int(shared.sum()), 'test document')} of {len(part):,} ({_percent(share)}) stand in the training "
            f"part with the same text.{said}",
            "The model may have learnt them by heart, so that the score promises more than new documents will give.",
            "Split again with equal texts on one side (manylabel data inspect finds near duplicates too), and compare "
            "models on the rest.",
            evidence=evidence,
            examples=examples,
        )
    ]


def _percent(share: float) -> str:
    return percent(share) if share >= 0.001 else "less than 0.1 %"
