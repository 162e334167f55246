"""The same text twice in one part."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import counted, share, verb

_WARNING, _SERIOUS = 0.01, 0.2


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part that repeats texts; blank texts do not count."""
    return [finding for name in inspected.parts if (finding := _check_part(inspected, name)) is not None]


def _check_part(inspected: Inspected, name: str) -> Finding | None:
    position = list(inspected.parts).index(name)
    start, stop = inspected.offsets[position], inspected.offsets[position + 1]
    _, inverse, sizes = np.unique(inspected.twins.first[start:stop], return_inverse=True, return_counts=True)
    repeated = int((sizes - 1).sum())
    if repeated == 0:
        return None
    fraction, texts = repeated / (stop - start), int((sizes > 1).sum())
    largest = np.argsort(-sizes, kind="stable")[: inspected.options.examples]
    examples = []
    for group in largest[sizes[largest] > 1].tolist():
        rows = start + np.flatnonzero(inverse == group)
        examples.append({"times": int(sizes[group]), "documents": [inspected.record(int(row)) for row in rows[:2]]})
    effect = (
        "A model takes repeated texts for more important than others, and folds of this part are not independent."
        if name == TRAIN
        else "Repeated texts count several times in every figure, and make its interval look narrower than it is."
    )
    return Finding(
        rule="exact-duplicates",
        severity="serious" if fraction >= _SERIOUS else "warning" if fraction >= _WARNING else "note",
        what=f"{counted(repeated, 'document')} of {name} ({share(fraction)}) "
        f"{verb(repeated, 'repeats', 'repeat')} the text of an earlier one; "
        f"{counted(texts, 'text')} {verb(texts, 'occurs', 'occur')} more than once.",
        why=effect,
        advice="Keep one document of each text, with the labels of all of them where they differ.",
        evidence={"part": name, "repeated": repeated, "share": fraction, "most_often": int(sizes.max())},
        examples=examples,
    )
