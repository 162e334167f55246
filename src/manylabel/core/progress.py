"""How long work reports that it goes on. The library is silent; the command line shows bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]


class Progress(Protocol):
    """Where progress is reported."""

    def task(self, description: str, total: int) -> AbstractContextManager[Advance]:
        """Start a task of `total` units; the context gives a function that is called with the units just done.

        A total of 0 means that it is not known.
        """
        ...

    def note(self, message: str) -> None:
        """Say one line."""
        ...


class Silent:
    """Reports nothing: the default in Python code."""

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Advance]:
        """Count nothing."""
        yield _ignore

    def note(self, message: str) -> None:
        """Say nothing."""


def _ignore(units: int) -> None:
    del units


SILENT: Progress = Silent()
