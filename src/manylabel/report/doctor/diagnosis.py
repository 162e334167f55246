"""Ask every rule, and say what was found, what was looked at, and what could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from manylabel.core.finding import Finding, worst_first
from manylabel.core.progress import SILENT, Progress
from manylabel.models.base import CONFIG_FILE
from manylabel.report.doctor import RESTING_ON_SCORES, ROOTS, RULES
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.reading import names_training
from manylabel.report.doctor.wording import count


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor says of a run.

    Attributes:
        run: its folder.
        subject: in one line, what was looked at: model, labels, documents.
        training: what to put behind ``manylabel train`` to train it again with a change.
        findings: the worst first.
        looked: rules that had what they need.
        not_looked: the others, and why.
    """

    run: str
    subject: str
    training: str
    findings: tuple[Finding, ...]
    looked: tuple[str, ...]
    not_looked: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "run": self.run,
            "subject": self.subject,
            "findings": [finding.to_dict() for finding in self.findings],
            "looked_at": list(self.looked),
            "not_looked_at": dict(self.not_looked),
        }


def diagnose(examined: Examined, progress: Progress = SILENT) -> Diagnosis:
    """Ask every rule of the table; those that rest on scores only where the scores can be trusted."""
    found: list[Finding] = []
    looked: list[str] = []
    not_looked: dict[str, str] = {}
    with progress.task("looking", len(RULES)) as advance:
        for name in RULES:
            root = _root(found)
            if root is not None and name in RESTING_ON_SCORES:
                not_looked[name] = f"what it says would rest on scores that are in doubt: mend {root} first"
            else:
                try:
                    found += RULES.load(name)(examined)
                    looked.append(name)
                except CannotLookError as error:
                    not_looked[name] = str(error)
            advance(1)
    return Diagnosis(
        run=str(examined.run.path),
        subject=_subject(examined),
        training=_training(examined),
        findings=tuple(worst_first(found)),
        looked=tuple(looked),
        not_looked=not_looked,
    )


def _root(found: Sequence[Finding]) -> str | None:
    """The rule that found what everything else follows from."""
    return next((item.rule for item in found if item.rule in ROOTS and item.severity == "serious"), None)


def _training(examined: Examined) -> str:
    config = str(examined.run.directory.file(CONFIG_FILE))
    return config if names_training(examined.run) else f"{config} --data FILE"


def _subject(examined: Examined) -> str:
    asked = count(len(examined.measured), "test document")
    if not isinstance(examined.trained, str):
        asked += f" and {count(len(examined.trained), 'training document')}"
    learnt = f", trained on {count(examined.n_training, 'document')}" if examined.n_training else ""
    return f"{examined.kind}, {count(len(examined.labels), 'label')}{learnt}; asked now about {asked}"
