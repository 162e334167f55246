"""Collapse to nothing: scores are there, but no label is returned."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding, Severity
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.settings import known_to
from manylabel.report.doctor.wording import count, percent

_SERIOUS, _WARNING = 0.5, 0.05


def empty_sets(examined: Examined) -> list[Finding]:
    """Count documents with labels that are returned without any, and see what their best label was worth."""
    part = examined.measured
    empty = (np.diff(part.sets.indptr) == 0) & part.labelled & (part.topk.indices[:, 0] >= 0)
    share = float(empty.sum() / part.labelled.sum())
    if share < _WARNING:
        return []
    severity: Severity = "serious" if share >= _SERIOUS else "warning"
    right = float(part.hit_at_1[empty].mean())
    size = max(1, round(float(np.diff(part.corpus.positives.indptr)[part.labelled].mean())))
    return [
        Finding(
            "empty-sets",
            severity,
            f"{count(int(empty.sum()), 'document')} of {int(part.labelled.sum()):,} ({percent(share)}) have labels but "
            f"get none ({part.evaluation.basis.label_sets}); for {percent(right)} of them the best label would have "
            "been right.",
            "Every one of them is a miss in recall and F1, though the ranking knows better: no label is sure enough on "
            "its own where many share the score.",
            "Return the best label at least, or lower the threshold; a decision fitted on held-out documents does it "
            "well: manylabel decide RUN --method expected-f1.",
            settings=known_to(examined, [f"evaluate.top_n={size}"]),
            evidence={"share": share, "best label right": right, "labels of a document": size},
        )
    ]
