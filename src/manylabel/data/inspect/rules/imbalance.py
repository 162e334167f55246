"""Labels of very different frequency."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import counted, share
from manylabel.metrics.groups import groups_of

_MEAN, _TAIL = 10.0, 0.5


def check(inspected: Inspected) -> list[Finding]:
    """A finding where the mean imbalance ratio (MeanIR, Charte et al. 2015) of the used labels is 10 or more."""
    counts = inspected.counts[TRAIN]
    used = np.flatnonzero(counts > 0)
    if len(used) < 2:
        return []
    ratios = counts.max() / counts[used]
    mean, largest = float(ratios.mean()), float(ratios.max())
    if mean < _MEAN:
        return []
    tail = groups_of(counts, inspected.options.cuts)[used] == 2
    tail_share, tail_pairs = float(tail.mean()), float(counts[used][tail].sum() / counts.sum())
    top = used[np.argmax(counts[used])]
    return [
        Finding(
            rule="imbalance",
            severity="warning" if tail_share >= _TAIL else "note",
            what=f"The most frequent label ({inspected.label_name(int(top))}) has "
            f"{counted(int(counts[top]), 'document')}, the median label {np.median(counts[used]):g}. It is given "
            f"{mean:,.0f} times as often as a label on average (MeanIR), {largest:,.0f} times as often as the rarest.",
            why=f"Micro averages show the frequent labels. {share(tail_share)} of the labels have fewer than "
            f"{inspected.options.cuts[0]} training documents, and {share(tail_pairs)} of the label pairs.",
            advice="Read figures by label frequency and with macro averages; propensity-scored metrics (PSP@k) weigh "
            "rare labels. `model: fused` gains most on them.",
            evidence={
                "mean_imbalance": mean,
                "largest_imbalance": largest,
                "tail_labels": int(tail.sum()),
                "tail_share": tail_share,
                "tail_share_of_pairs": tail_pairs,
            },
            examples=[{"label": inspected.label_name(int(top)), "documents": int(counts[top])}],
        )
    ]
