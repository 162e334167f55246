"""Numbers as they stand in sentences."""

from __future__ import annotations

from manylabel.core.labels import LabelSpace


def counted(n: int, what: str) -> str:
    """``1 document``, ``2,000 documents``."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def verb(n: int, one: str, many: str) -> str:
    """The form of a verb that goes with a number: ``has`` or ``have``."""
    return one if n == 1 else many


def share(part: float, whole: float = 1.0) -> str:
    """``12.3 %``, ``under 0.1 %``, ``over 99.9 %``; ``0 %`` and ``100 %`` are exact."""
    fraction = part / whole if whole else 0.0
    if 0 < fraction < 0.001:
        return "under 0.1 %"
    if 0.999 < fraction < 1:
        return "over 99.9 %"
    return f"{100 * fraction:.0f} %" if fraction in (0.0, 1.0) else f"{100 * fraction:.1f} %"


def label_name(labels: LabelSpace, label: int) -> str:
    """A label as people know it: its name, with its text where that is another."""
    name, text = labels.names[label], labels.text_of(label)
    return name if text == name else f"{name} ({text})"


def listed(names: list[str], most: int = 4) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
