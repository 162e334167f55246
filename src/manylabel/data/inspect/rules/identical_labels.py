"""Labels that stand on exactly the same documents."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import counted

FEWEST = 5


def check(inspected: Inspected) -> list[Finding]:
    """A finding where labels of five documents or more, over all parts, have the same documents; fewer are chance."""
    columns = inspected.positives.tocsc()
    groups: dict[bytes, list[int]] = {}
    for label in np.flatnonzero(np.diff(columns.indptr) >= FEWEST).tolist():
        rows = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
        groups.setdefault(np.sort(rows).tobytes(), []).append(label)
    same = sorted((len(rows) // 4, labels) for rows, labels in groups.items() if len(labels) > 1)[::-1]
    if not same:
        return []
    involved = sum(len(labels) for _, labels in same)
    examples = [
        {"labels": [inspected.label_name(label) for label in labels], "number_of_documents": n} for n, labels in same
    ]
    first = " = ".join(inspected.label_name(label) for label in same[0][1][:4])
    return [
        Finding(
            rule="identical-labels",
            severity="warning" if involved >= 0.05 * len(inspected.labels) else "note",
            what=f"{counted(involved, 'label')} always stand together with another one, for example {first} "
            f"({counted(same[0][0], 'document')}).",
            why="No model can tell them apart; each is scored as if it were a finding of its own, so that one mistake "
            "counts several times.",
            advice="See whether they mean the same (two spellings, a code and its name, a parent with one child) and "
            "join them; otherwise train one and copy it.",
            evidence={"labels": involved, "groups": len(same)},
            examples=examples[: inspected.options.examples],
        )
    ]
