"""Texts of a test or validation part that stand in an earlier part too."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from manylabel.core.finding import Finding
from manylabel.data.inspect.copies import Copies
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import counted, share, verb

_WARNING, _SERIOUS = 0.005, 0.05


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each two parts that share equal or nearly equal texts."""
    if len(inspected.parts) < 2:
        return []
    copies = Copies.of(inspected)
    found = [_check_pair(inspected, copies, earlier, later) for earlier, later in combinations(inspected.parts, 2)]
    return [finding for finding in found if finding is not None]


def _check_pair(inspected: Inspected, copies: Copies, earlier: str, later: str) -> Finding | None:
    known, asked = copies.holds(earlier), copies.holds(later)
    equal = known & asked
    pairs, similarity = inspected.twins.pairs, inspected.twins.similarity
    near: dict[int, tuple[int, float]] = {}
    for one, other in ((0, 1), (1, 0)):
        for pair in np.flatnonzero(asked[pairs[:, one]] & ~equal[pairs[:, one]] & known[pairs[:, other]]).tolist():
            text, best = int(pairs[pair, one]), float(similarity[pair])
            if text not in near or near[text][1] < best:
                near[text] = (int(pairs[pair, other]), best)
    number = copies.number(later)
    n_equal, n_near = int(number[equal].sum()), int(number[list(near)].sum())
    if n_equal + n_near == 0:
        return None
    total = len(inspected.parts[later])
    fraction = (n_equal + n_near) / total
    return Finding(
        rule="duplicates-across-parts",
        severity="serious" if fraction >= _SERIOUS else "warning" if fraction >= _WARNING else "note",
        what=f"{counted(n_equal + n_near, 'document')} of {later} ({share(fraction)}) "
        f"{verb(n_equal + n_near, 'stands', 'stand')} in {earlier} too: "
        f"{n_equal:,} with the same text, {n_near:,} with nearly the same.",
        why=f"A model that has learnt their texts by heart gets them right, so figures on {later} promise more than "
        "new documents will keep, above all for rare labels.",
        advice=f"Take them out of {later}, or split again so that equal and near texts stay together; report figures "
        "with and without them.",
        evidence={
            "parts": [earlier, later],
            "equal": n_equal,
            "near": n_near,
            "share": fraction,
            "similarity": inspected.options.similarity,
        },
        examples=_examples(inspected, copies, (earlier, later), np.flatnonzero(equal), near),
    )


def _examples(
    inspected: Inspected, copies: Copies, parts: tuple[str, str], equal: np.ndarray, near: dict[int, tuple[int, float]]
) -> list[dict[str, Any]]:
    most = inspected.options.examples
    # Both kinds are shown where there are both.
    exact = [(int(text), int(text), 1.0) for text in equal[: max(1, most - min(len(near), most // 2))]]
    alike = [(twin, text, shared) for text, (twin, shared) in near.items()]
    return [
        {
            "similarity": round(shared, 3),
            "documents": [
                inspected.record(copies.row_in(part, leader))
                for part, leader in zip(parts, (known, asked), strict=True)
            ],
        }
        for known, asked, shared in [*exact, *alike][:most]
    ]
