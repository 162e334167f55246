"""Targets as users write them: ``tail recall>=0.9``, ``wrong<=20%``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from manylabel.metrics.groups import GROUPS

Measure = Literal["recall", "precision"]

EACH = "each"
"""In place of a group: the target holds for every group on its own."""

_FORM = re.compile(
    r"(?:(?P<group>[a-z]+)\s+)?(?P<measure>[a-z]+)\s*(?P<sign>>=|<=)\s*(?P<level>[0-9.]+)\s*(?P<percent>%?)"
)
_MEASURES: dict[str, tuple[Measure, str]] = {
    "recall": ("recall", ">="),
    "missed": ("recall", "<="),
    "precision": ("precision", ">="),
    "wrong": ("precision", "<="),
}


@dataclass(frozen=True)
class Target:
    """What is to be kept.

    Attributes:
        group: head, torso, tail or unseen; ``each`` for every group on its own; None for all labels together.
        measure: recall, the share of true labels that are assigned; precision, that of assigned labels that are true.
        level: at least this much, a fraction between 0 and 1.
    """

    group: str | None
    measure: Measure
    level: float

    def __str__(self) -> str:
        return f"{self.group or ''} {self.measure}>={self.level:g}".strip()

    @property
    def who(self) -> str:
        """The labels it is about, in words."""
        return "all labels" if self.group is None else f"{self.group} labels"

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target: ``recall>=0.9``, ``tail recall >= 90%``, ``each precision>=0.8``, ``wrong<=0.2``.

        Raises:
            ValueError: it has no such form, names no known group or measure, or its level is not between 0 and 1.
        """
        match = _FORM.fullmatch(text.strip().casefold())
        if match is None:
            raise ValueError(f"{text!r} is no target, expected for example recall>=0.9, tail recall>=0.9 or wrong<=0.2")
        group, measure, sign = match["group"], match["measure"], match["sign"]
        if group is not None and group not in (*GROUPS, EACH, "all"):
            raise ValueError(f"{text!r}: unknown group {group!r}, known are: all, each, {', '.join(GROUPS)}")
        if measure not in _MEASURES:
            raise ValueError(f"{text!r}: unknown measure {measure!r}, known are: {', '.join(_MEASURES)}")
        known, wanted = _MEASURES[measure]
        if sign != wanted:
            raise ValueError(f"{text!r}: write {measure}{wanted}...")
        try:
            level = float(match["level"]) / (100.0 if match["percent"] else 1.0)
        except ValueError:
            raise ValueError(f"{text!r}: {match['level']} is not a number") from None
        level = level if wanted == ">=" else 1.0 - level
        if not 0.0 < level < 1.0:
            raise ValueError(f"{text!r}: the level must lie between 0 and 1, both excluded")
        return cls(None if group == "all" else group, known, round(level, 12))


def check_apart(targets: Sequence[Target]) -> None:
    """Make sure that no label has two targets.

    Raises:
        ValueError: it has.
    """
    groups = [target.group for target in targets]
    alone = {None, EACH} & set(groups)
    if len(set(groups)) < len(groups) or (alone and len(groups) > 1):
        raise ValueError(
            f"{', '.join(map(str, targets))}: a label would have two targets, give one for each group of labels"
        )
