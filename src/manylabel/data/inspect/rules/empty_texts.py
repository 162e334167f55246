"""Documents without any word."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import counted, share, verb

_WARNING, _SERIOUS = 0.01, 0.1


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part with such documents: empty, blank, or signs without letters and digits."""
    return [finding for name in inspected.parts if (finding := _check_part(inspected, name)) is not None]


def _check_part(inspected: Inspected, name: str) -> Finding | None:
    position, corpus = list(inspected.parts).index(name), inspected.parts[name]
    words = inspected.word_counts[inspected.offsets[position] : inspected.offsets[position + 1]]
    if inspected.unspaced:  # characters were counted, blanks and signs among them
        words = np.array([any(map(str.isalnum, text)) for text in corpus.texts])
    rows = np.flatnonzero(words == 0)
    if len(rows) == 0:
        return None
    fraction = len(rows) / len(corpus)
    return Finding(
        rule="empty-texts",
        severity="serious" if fraction >= _SERIOUS else "warning" if fraction >= _WARNING else "note",
        what=f"{counted(len(rows), 'document')} of {name} ({share(fraction)}) "
        f"{verb(len(rows), 'has', 'have')} no word in the text.",
        why="Nothing can be learnt from them, and nothing can be got right but by guessing the most frequent labels.",
        advice="See whether the text stands in another field (data.text_fields); leave the others out.",
        evidence={"part": name, "documents": len(rows), "share": fraction},
        examples=[inspected.record(int(row), name) for row in rows[: inspected.options.examples]],
    )
