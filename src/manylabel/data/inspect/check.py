"""Runs the rules of the table."""

from __future__ import annotations

from manylabel.core.finding import Finding, worst_first
from manylabel.data.inspect import RULES
from manylabel.data.inspect.inspected import Inspected


def find(inspected: Inspected) -> list[Finding]:
    """What the rules find, worst first; those of `options.skip` are left out."""
    found: list[Finding] = []
    chosen = [name for name in RULES if name not in inspected.options.skip]
    with inspected.progress.task("rules", len(chosen)) as advance:
        for name in chosen:
            found.extend(RULES.load(name)(inspected))
            advance(1)
    return worst_first(found)
