"""Collapse to the same labels everywhere."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.settings import fit_more
from manylabel.report.doctor.wording import count, percent

_FEW = 0.1
_DOMINANT = 0.5
_TOO_OFTEN = 2.0
_MOST_EXAMPLES = 3


def same_labels(examined: Examined) -> list[Finding]:
    """Compare how many labels stand first with how many are true.

    Counted are effective labels, the exponential of the entropy: a hundred labels of which one takes nearly all count
    as few more than one.
    """
    examined.enough()
    part = examined.measured
    first = part.topk.indices[:, 0]
    predicted = np.bincount(first[first >= 0], minlength=len(examined.labels))
    true = np.bincount(part.corpus.positives.indices, minlength=len(examined.labels))
    if not predicted.any():
        return []
    top = int(predicted.argmax())
    share, true_share = predicted[top] / len(part), true[top] / max(part.labelled.sum(), 1)
    effective, effective_true = _effective(predicted), _effective(true)
    dominant = share > _DOMINANT and share > _TOO_OFTEN * true_share
    if not dominant and effective > max(_FEW * effective_true, 1.5):
        return []
    if effective_true < 1.5:
        return []
    examples = [
        {"label": examined.labels.names[i], "first for": int(predicted[i]), "true of": int(true[i])}
        for i in np.argsort(-predicted, kind="stable")[:_MOST_EXAMPLES].tolist()
        if predicted[i]
    ]
    return [
        Finding(
            "same-labels",
            "serious",
            f"The label {examined.labels.names[top]!r} stands first for {percent(float(share))} of the documents and "
            f"is true of {percent(float(true_share))}; the first places hold {effective:.1f} effective labels, the "
            f"truth {effective_true:.1f}.",
            "The model answers with label frequencies instead of texts. Networks do so after too high a learning rate "
            "or with weights that drown the texts; linear models when texts share no words with training.",
            f"Look whether training documents get the same {count(len(examples), 'label')} too; if so, lower the "
            "learning rate or the weights, or let a linear model fit more; if not, the new texts differ from those of "
            "training.",
            settings=fit_more(examined),
            evidence={
                "share of the first": float(share),
                "effective labels": effective,
                "effective truth": effective_true,
            },
            examples=examples,
        )
    ]


def _effective(counts: np.ndarray) -> float:
    """Exponential of the entropy: 1 where one label has all, L where all have as much."""
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
