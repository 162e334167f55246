"""Documents in the order of their labels."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.finding import Finding
from manylabel.data.inspect.inspected import Inspected
from manylabel.data.inspect.wording import share

_FEWEST, _PAIRS = 50, 100_000
_NOTE, _WARNING, _DEVIATIONS = 0.05, 0.3, 6.0


def check(inspected: Inspected) -> list[Finding]:
    """One finding for each part where neighbours in the file share a label far more often than two at random."""
    return [finding for name in inspected.parts if (finding := _check_part(inspected, name)) is not None]


def _check_part(inspected: Inspected, name: str) -> Finding | None:
    positives = inspected.parts[name].positives
    n = positives.shape[0]
    if n < _FEWEST:
        return None
    chance = np.random.default_rng(inspected.options.seed)
    m = min(n - 1, _PAIRS)
    starts = np.arange(n - 1) if m == n - 1 else chance.choice(n - 1, m, replace=False)
    near = _sharing(positives, starts, starts + 1)
    far = _sharing(positives, starts, (starts + chance.integers(2, n - 1, m)) % n)
    rate, expected = float(near.mean()), float(far.mean())
    deviation = np.sqrt(max(expected * (1 - expected), 1 / m) / m)
    excess = (rate - expected) / max(1 - expected, 1e-9)
    if excess < _NOTE or rate - expected < _DEVIATIONS * deviation:
        return None
    return Finding(
        rule="sorted-by-label",
        severity="warning" if excess >= _WARNING else "note",
        what=f"Documents of {name} stand {'' if excess >= _WARNING else 'somewhat '}in the order of their labels: "
        f"{share(rate)} of neighbours share a label, of two documents at random {share(expected)}.",
        why="Parts that are cut off at one end get other labels than the rest; neighbours may come from one source, "
        "and a random split then puts siblings on both sides.",
        advice="Split at random or stratified, never by position; where neighbours belong to one source, split by "
        "group.",
        evidence={"part": name, "neighbours": rate, "at_random": expected},
    )


def _sharing(positives: csr_matrix, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(positives[one].multiply(positives[other]).sum(axis=1)).ravel() > 0
