"""A table of what a model found of itself, for its card and for the page about its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FactTable:
    """A table with what is said of it.

    Attributes:
        title: its heading.
        text: sentences before it.
        columns: names; the first column names the row.
        rows: cells as they are shown.
    """

    title: str
    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """A section of a model card."""
        lines = [list(self.columns), ["---", *["---:"] * (len(self.columns) - 1)], *map(list, self.rows)]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return f"## {self.title}\n\n{self.text}\n\n{table}"
