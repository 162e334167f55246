"""Nearly the same text twice in one part."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.copies import Copies
from manylabel.data.inspect.inspected import TRAIN, Inspected
from manylabel.data.inspect.wording import counted, share, verb

_WARNING, _SERIOUS = 0.05, 0.5


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part where documents have a near, but not equal, twin in the same part."""
    copies = Copies.of(inspected)
    return [finding for name in inspected.parts if (finding := _check_part(inspected, copies, name)) is not None]


def _check_part(inspected: Inspected, copies: Copies, name: str) -> Finding | None:
    there = copies.holds(name)
    pairs, similarity = inspected.twins.pairs, inspected.twins.similarity
    inside = there[pairs[:, 0]] & there[pairs[:, 1]] if len(pairs) else np.zeros(0, bool)
    if not inside.any():
        return None
    involved = np.unique(pairs[inside])
    documents = int(copies.number(name)[involved].sum())
    fraction = documents / len(inspected.parts[name])
    # Pairs that differ most are those that are worth a look: the others are the same text in other letters.
    order = np.flatnonzero(inside)[np.argsort(similarity[inside], kind="stable")]
    spread = order[np.linspace(0, len(order) - 1, min(inspected.options.examples, len(order))).astype(np.int64)]
    examples = [
        {
            "similarity": round(float(similarity[pair]), 3),
            "documents": [inspected.record(copies.row_in(name, int(row))) for row in pairs[pair]],
        }
        for pair in spread.tolist()
    ]
    effect = (
        "A model can learn such texts by heart; folds and parts that are cut out of this part at random share them, "
        "and measure memory instead of understanding."
        if name == TRAIN
        else "These documents are not independent, so intervals look narrower than they are."
    )
    return Finding(
        rule="near-duplicates",
        severity="serious" if fraction >= _SERIOUS else "warning" if fraction >= _WARNING else "note",
        what=f"{counted(documents, 'document')} of {name} ({share(fraction)}) "
        f"{verb(documents, 'has', 'have')} a near twin there: a text that "
        f"differs, and shares {100 * inspected.options.similarity:g} % of its "
        f"{'runs of five characters' if inspected.unspaced else 'word triples'} or more.",
        why=effect,
        advice="Keep near twins on one side of every split (`manylabel data split --method group --field FIELD`, with "
        "a field that they share), or keep one of each.",
        evidence={
            "part": name,
            "documents": documents,
            "share": fraction,
            "pairs": int(inside.sum()),
            "similarity": inspected.options.similarity,
        },
        examples=examples,
    )
