"""Labels of the label space that no document of any part has."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import listed, share


def check(inspected: Inspected) -> list[Finding]:
    """A finding where there are such labels, which only a label file can bring."""
    total = np.sum(list(inspected.counts.values()), axis=0)
    unused = np.flatnonzero(total == 0)
    if len(unused) == 0:
        return []
    names = [inspected.label_name(label) for label in unused.tolist()]
    return [
        Finding(
            rule="unused-labels",
            severity="note",
            what=f"{len(unused):,} of {len(total):,} labels ({share(len(unused), len(total))}) stand in the label file "
            f"and on no document: {listed(names)}.",
            why="A model that learns from documents never returns them. Macro averages over all labels count them as "
            "0; over labels with support they do not.",
            advice="Nothing, if the file is a whole vocabulary; then read macro averages over labels with support. "
            "Otherwise see that documents and file write labels in the same way.",
            evidence={"labels": len(unused), "share": len(unused) / len(total)},
            examples=[{"label": name} for name in names[: inspected.options.examples]],
        )
    ]
