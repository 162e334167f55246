"""Labels with too few documents to be learnt, or to be measured."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.settings import rank_rare_higher
from manylabel.report.doctor.wording import count, percent

_LEARNABLE = 10
_MEASURABLE = 10
_SHARE = 0.1
_MOST_EXAMPLES = 5


def rare_labels(examined: Examined) -> list[Finding]:
    """Count labels with fewer than ten training documents, and those with fewer than ten test documents.

    With ten test documents the recall of a label has an interval of about 30 points to each side.
    """
    part, counts = examined.measured, examined.counts
    support = np.bincount(part.truth.indices, minlength=len(counts))
    met = (counts > 0) | (support > 0)
    few_training, few_test = met & (counts < _LEARNABLE), met & (support < _MEASURABLE)
    if max(few_training.sum(), few_test.sum()) < _SHARE * met.sum():
        return []
    rows = np.flatnonzero(few_training | few_test)
    rows = rows[np.argsort(counts[rows], kind="stable")][:_MOST_EXAMPLES]
    pairs = float(support[few_training | few_test].sum() / max(part.corpus.positives.nnz, 1))
    return [
        Finding(
            "rare-labels",
            "note",
            f"Fewer than {_LEARNABLE} training documents: {count(int(few_training.sum()), 'label')} of "
            f"{int(met.sum()):,}; fewer than {_MEASURABLE} test documents: {int(few_test.sum()):,}.",
            "With so few examples a classifier of the texts alone can hardly learn a label, and a recall measured on "
            f"so few moves by 30 points by chance. They are {percent(pairs)} of the true pairs, but every one of them "
            "counts as much as the largest label in a macro average.",
            "Collect documents for those that matter, merge those that do not, give labels a text, and report macro "
            "averages by group; do not tune anything by the F1 of a single rare label.",
            settings=rank_rare_higher(examined),
            evidence={
                "labels": int(met.sum()),
                "with few training documents": int(few_training.sum()),
                "with few test documents": int(few_test.sum()),
                "share of the true pairs": pairs,
            },
            examples=[
                {
                    "label": examined.labels.text_of(i),
                    "training documents": int(counts[i]),
                    "test documents": int(support[i]),
                }
                for i in rows.tolist()
            ],
        )
    ]
