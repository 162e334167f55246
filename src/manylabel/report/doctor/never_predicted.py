"""Labels that no document ever gets."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding, Severity
from manylabel.metrics.groups import GROUPS, groups_of
from manylabel.report.doctor.decisions import by_label
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.settings import rank_rare_higher
from manylabel.report.doctor.wording import count, percent

_FEWEST = 3
_MUCH = 0.05
_MOST_EXAMPLES = 10


def never_predicted(examined: Examined) -> list[Finding]:
    """Labels with training documents that are true of at least three test documents and in none of the label sets."""
    part, counts = examined.measured, examined.counts
    support = np.bincount(part.truth.indices, minlength=len(counts))
    returned = np.bincount(part.sets.indices, minlength=len(counts))
    listed = np.bincount(part.topk.indices[part.topk.indices >= 0], minlength=len(counts))
    looked = (support >= _FEWEST) & (counts > 0)
    never = looked & (returned == 0)
    if not never.any():
        return []
    lost = float(support[never].sum() / part.corpus.positives.nnz)
    group = groups_of(counts, examined.run.config.evaluate.cuts)
    evidence = {f"{name} labels": int((never & (group == i)).sum()) for i, name in enumerate(GROUPS[:3])}
    evidence |= {"of these in no list either": int((never & (listed == 0)).sum()), "share of all true pairs": lost}
    severity: Severity = "warning" if lost >= _MUCH or evidence["head labels"] else "note"
    worst = np.flatnonzero(never)[np.argsort(-support[never], kind="stable")][:_MOST_EXAMPLES]
    names = examined.labels
    in_lists = int((never & (listed > 0)).sum())
    return [
        Finding(
            "never-predicted",
            severity,
            f"In no label set: {count(int(never.sum()), 'label')} of the {int(looked.sum()):,} that are true of at "
            f"least {_FEWEST} test documents, {percent(lost)} of all true pairs.",
            "Their recall and F1 are 0 whatever the rest does, which pulls macro averages down. Of them "
            f"{in_lists:,} stand in predicted lists, below the threshold.",
            f"{by_label(examined)} Labels that are in no list either need more documents, a text of their own in the "
            "label file, or a model that uses it.",
            settings=rank_rare_higher(examined),
            evidence=evidence,
            examples=[
                {
                    "label": names.text_of(i),
                    "test documents": int(support[i]),
                    "training documents": int(counts[i]),
                    "in lists": int(listed[i]),
                }
                for i in worst.tolist()
            ],
        )
    ]
