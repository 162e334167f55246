"""Numbers as the findings say them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manylabel.metrics.evaluation import Interval


def percent(value: float) -> str:
    """``0.6056`` as ``60.6 %``."""
    return f"{100 * value:.1f} %"


def points(difference: float) -> str:
    """A difference of fractions: ``0.0523`` as ``5.2 points``."""
    return f"{100 * difference:.1f} points"


def between(ends: Interval | Sequence[float]) -> str:
    """An interval of fractions: ``59.4 to 61.7 %``."""
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 label``, ``1,234 labels``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Iterable[str], most: int = 5) -> str:
    """``a, b, c and 12 more``."""
    found = list(names)
    shown = ", ".join(found[:most])
    return shown if len(found) <= most else f"{shown} and {len(found) - most:,} more"
