"""Documents without any label."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import counted, share, verb

_WARNING, _SERIOUS = 0.05, 0.5


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part with such documents."""
    return [finding for name in inspected.parts if (finding := _check_part(inspected, name)) is not None]


def _check_part(inspected: Inspected, name: str) -> Finding | None:
    corpus = inspected.parts[name]
    rows = np.flatnonzero(np.diff(corpus.positives.indptr) == 0)
    if len(rows) == 0:
        return None
    fraction = len(rows) / len(corpus)
    dropped = f" ({counted(corpus.dropped_labels, 'unknown label')} were dropped)" if corpus.dropped_labels else ""
    return Finding(
        rule="without-labels",
        severity="serious" if fraction >= _SERIOUS else "warning" if fraction >= _WARNING else "note",
        what=f"{counted(len(rows), 'document')} of {name} ({share(fraction)}) "
        f"{verb(len(rows), 'has', 'have')} no label{dropped}.",
        why="Where no label applies, they teach a model to return nothing. Where labels were forgotten or read from "
        "the wrong field, they teach it that true labels are wrong.",
        advice="Make sure that none of their labels was lost on the way (--set data.labels_field, "
        "data.label_separator); leave out documents that nobody has labelled yet.",
        evidence={"part": name, "documents": len(rows), "share": fraction},
        examples=[inspected.record(int(row), name) for row in rows[: inspected.options.examples]],
    )
