"""Interruptions that wait until a step is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def deferred_interruption() -> Iterator[None]:
    """Ctrl-C and SIGTERM take effect at the end of the context, so that weights and counts always fit together.

    A second signal takes effect at once. Outside the main thread, which signals never reach, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before: dict[int, Any] = {}

    def wait(number: int, frame: FrameType | None) -> None:
        del frame
        arrived.append(number)
        if len(arrived) > 1:
            restore()
            signal.raise_signal(number)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        # A handler that Python did not set cannot be put back; the default of SIGTERM ends the process.
        if handler is not None and handler is not signal.SIG_IGN:
            before[number] = signal.signal(number, wait)
    try:
        yield
    finally:
        restore()
    if arrived:
        signal.raise_signal(arrived[0])
