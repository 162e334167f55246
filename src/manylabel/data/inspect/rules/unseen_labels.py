"""Labels of a test or validation part that no training document has."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import counted, listed, share, verb

_WARNING, _SERIOUS = 0.01, 0.1


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part that has such labels."""
    return [finding for name in inspected.others if (finding := _check_part(inspected, name)) is not None]


def _check_part(inspected: Inspected, name: str) -> Finding | None:
    counts = inspected.counts[name]
    unseen = np.flatnonzero((inspected.counts[TRAIN] == 0) & (counts > 0))
    if len(unseen) == 0:
        return None
    unseen = unseen[np.argsort(-counts[unseen], kind="stable")]
    fraction = float(counts[unseen].sum() / counts.sum())
    used = int((counts > 0).sum())
    names = [inspected.label_name(label) for label in unseen.tolist()]
    return Finding(
        rule="unseen-labels",
        severity="serious" if fraction >= _SERIOUS else "warning" if fraction >= _WARNING else "note",
        what=f"{counted(len(unseen), 'label')} of {name} ({share(len(unseen), used)} of its labels, {share(fraction)} "
        f"of its label pairs) {verb(len(unseen), 'has', 'have')} no training document: {listed(names)}.",
        why=f"A model that learns from documents only cannot return them: recall on {name} ends at "
        f"{share(1 - fraction)}, and macro averages over all labels lose {share(len(unseen), used)}.",
        advice="Split so that every label has training documents (`manylabel data split --method stratified`), or use "
        "`model: fused` with a label file, which can return labels by their text.",
        settings=("model=fused",) if inspected.labels.texts is not None else (),
        evidence={"part": name, "labels": len(unseen), "share_of_labels": len(unseen) / used, "share": fraction},
        examples=[
            {"label": inspected.label_name(label), "documents_there": int(counts[label])}
            for label in unseen[: inspected.options.examples].tolist()
        ],
    )
