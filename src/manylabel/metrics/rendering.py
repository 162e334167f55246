"""Plain-text tables for terminals."""

from __future__ import annotations

from collections.abc import Sequence


def align(rows: Sequence[Sequence[str]]) -> str:
    """Columns under one another: the first flush left, the others flush right, two blanks between.

    The first row is the heading and gets a rule below it. An empty row becomes an empty line.
    """
    widths = [max(len(row[i]) for row in rows if row) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def percent(value: float | None) -> str:
    """``0.6056`` as ``60.56``; a value that is not defined as ``-``."""
    return "-" if value is None else f"{100 * value:.2f}"


def percent_range(ends: tuple[float, float] | None) -> str:
    """An interval of fractions as ``59.41..61.71``."""
    return "-" if ends is None else f"{percent(ends[0])}..{percent(ends[1])}"


def number(value: int) -> str:
    """With thousands separated: ``6,000``."""
    return f"{value:,}"
