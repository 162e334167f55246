"""Progress on standard error: bars with rate and time left on a terminal, single lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from manylabel.core.progress import SILENT, Advance, Progress, Silent


class Notes(Silent):
    """Notes as plain lines, no bars: for logs and pipes."""

    def note(self, message: str) -> None:
        """Say one line."""
        print(message, file=sys.stderr, flush=True)


class Bars:
    """Bars with count, rate and time left; a task of unknown total shows count and rate."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)

    def note(self, message: str) -> None:
        """Say one line, above the bars that are shown."""
        self._console.print(message, markup=False, soft_wrap=True)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        """Show a bar; a total of 0 means unknown."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()]
        columns += [TextColumn("{task.fields[rate]}"), TimeElapsedColumn()]
        if total:
            columns += [TextColumn("left"), TimeRemainingColumn()]
        with RichProgress(*columns, console=self._console, transient=True) as bars:
            number = bars.add_task(description, total=total or None, rate="")

            def advance(units: int) -> None:
                bars.advance(number, units)
                task = bars.tasks[0]
                if task.elapsed:
                    bars.update(number, rate=f"{task.completed / task.elapsed:,.0f}/s")

            yield advance


def make_progress(quiet: bool) -> Progress:
    """What a command reports to."""
    if quiet:
        return SILENT
    return Bars() if sys.stderr.isatty() else Notes()
