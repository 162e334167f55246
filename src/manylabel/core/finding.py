"""A finding: what was noticed about data or a model, in plain words, with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["serious", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("serious", "warning", "note")
"""How bad, worst first: results cannot be trusted, results suffer, worth knowing."""


@dataclass(frozen=True)
class Finding:
    """One thing that was noticed.

    Attributes:
        rule: name of the rule in its table, e.g. ``near-duplicates``.
        severity: how bad.
        what: one sentence that says what it is, with the numbers it rests on.
        why: one or two sentences that say what it does to results.
        advice: one or two sentences that say what to do.
        settings: assignments to try, as they stand behind ``--set``: ``("model.solver.cost=0.5",)``.
        evidence: numbers behind it, JSON-ready, by name.
        examples: JSON-ready records that show it (ids, labels, excerpts of texts), the worst first.
    """

    rule: str
    severity: Severity
    what: str
    why: str
    advice: str
    settings: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    examples: Sequence[Mapping[str, Any]] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "what": self.what,
            "why": self.why,
            "advice": self.advice,
            "settings": list(self.settings),
            "evidence": dict(self.evidence),
            "examples": [dict(example) for example in self.examples],
        }


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """By severity; equal ones keep their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
