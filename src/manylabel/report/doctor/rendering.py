"""A diagnosis as plain text for a terminal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from manylabel.core.finding import Finding
from manylabel.report.doctor import RULES
from manylabel.report.doctor.diagnosis import Diagnosis

_WIDTH = 100
_MEASURING = ("evaluate.", "data.")
_MOST_EXAMPLES = 3


def render(diagnosis: Diagnosis) -> str:
    """Findings the worst first, each with its evidence and what to try, then what was and was not looked at."""
    blocks = [f"{diagnosis.run}: {diagnosis.subject}"]
    for number, finding in enumerate(diagnosis.findings, start=1):
        blocks.append(_block(number, finding))
    if not diagnosis.findings:
        blocks.append("Nothing found.")
    tries = _tries(diagnosis)
    if tries:
        blocks.append(tries)
    blocks.append(_wrapped(f"Looked at: {', '.join(diagnosis.looked)}.", "", "  "))
    if diagnosis.not_looked:
        lines = [_wrapped(f"{names}: {reason}.", "  ", "    ") for reason, names in _by_reason(diagnosis.not_looked)]
        blocks.append("\n".join(["Could not look at:", *lines]))
    return "\n\n".join(blocks)


def _block(number: int, finding: Finding) -> str:
    lines = [f"{number}. {finding.severity}: {RULES[finding.rule].summary} ({finding.rule})"]
    said = (finding.what, f"Why it matters: {finding.why}", f"What to do: {finding.advice}")
    lines += [_wrapped(sentence, "   ", "   ") for sentence in said]
    if finding.evidence:
        said = "; ".join(f"{name} {_value(value)}" for name, value in finding.evidence.items())
        lines.append(_wrapped(f"evidence: {said}", "   ", "     "))
    for example in finding.examples[:_MOST_EXAMPLES]:
        said = "; ".join(f"{name} {_value(value)}" for name, value in example.items())
        lines.append(_wrapped(f"example: {said}", "   ", "     "))
    lines += [f"   --set {setting}" for setting in finding.settings]
    return "\n".join(lines)


def _tries(diagnosis: Diagnosis) -> str:
    """The commands into which the settings of the findings go."""
    settings = dict.fromkeys(setting for finding in diagnosis.findings for setting in finding.settings)
    lines = []
    if any(setting.startswith(_MEASURING) for setting in settings):
        lines.append(f"  manylabel evaluate {diagnosis.run} --set evaluate.NAME=VALUE    (no training)")
    if any(not setting.startswith(_MEASURING) for setting in settings):
        lines.append(f"  manylabel train {diagnosis.training} --run NEW --set model.NAME=VALUE")
        lines.append(f"  manylabel compare {diagnosis.run} NEW")
    return "\n".join(["To try a --set line, one at a time:", *lines]) if lines else ""


def _by_reason(not_looked: Mapping[str, str]) -> list[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for name, reason in not_looked.items():
        found.setdefault(reason, []).append(name)
    return [(reason, ", ".join(names)) for reason, names in found.items()]


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _wrapped(text: str, first: str, following: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=first, subsequent_indent=following, break_long_words=False, break_on_hyphens=False
    )
