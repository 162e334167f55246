"""A label on nearly all documents."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import share

_SHARE, _FEWEST = 0.9, 20


def check(inspected: Inspected) -> list[Finding]:
    """A finding where, of several labels, one stands on nine tenths of at least 20 training documents."""
    n, counts = len(inspected.train), inspected.counts[TRAIN]
    if n < _FEWEST or len(counts) < 2:
        return []
    found = np.flatnonzero(counts >= _SHARE * n)
    if len(found) == 0:
        return []
    found = found[np.argsort(-counts[found], kind="stable")]
    examples = [{"label": inspected.label_name(i), "share": round(float(counts[i] / n), 4)} for i in found.tolist()]
    named = ", ".join(f"{inspected.label_name(i)} ({share(float(counts[i]), n)})" for i in found[:4].tolist())
    of_pairs = float(counts[found].sum() / counts.sum())
    return [
        Finding(
            rule="ubiquitous-labels",
            severity="warning",
            what=f"Labels on nearly all training documents: {named}.",
            why=f"Returning them always is nearly always right: {share(of_pairs)} of the label pairs come for free, "
            "and lift P@1 and micro averages without any learning.",
            advice="Leave such a label out of training and figures, and add it afterwards by rule; or look at macro "
            "averages.",
            evidence={"labels": len(found), "share_of_pairs": of_pairs},
            examples=examples[: inspected.options.examples],
        )
    ]
