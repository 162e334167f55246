"""What a training did, stage by stage: wall time and peak memory, kept beside the stages so that a resume knows it."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from manylabel.core.errors import RunError
from manylabel.core.stages import Arrays, Stages

HISTORY_FILE = "history.jsonl"


def peak_memory() -> int:
    """Largest resident memory of this process so far, in bytes."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


class History:
    """One line per finished stage: its name, seconds since the line before, peak memory of the process, when; and
    lines that stages write themselves, such as those of epochs.

    Lines of earlier attempts at the same run come first.
    """

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self._file: Path | None = None
        self._last = time.perf_counter()

    def mark(self, stage: str) -> None:
        """A stage has just ended.

        Raises:
            RunError: the disk refuses.
        """
        now = time.perf_counter()
        line = {
            "stage": stage,
            "seconds": round(now - self._last, 3),
            "peak_memory_bytes": peak_memory(),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._last = now
        self._append(line)

    def record(self, line: Mapping[str, Any]) -> None:
        """Add a line, in place of one of the same stage, part and epoch that an earlier attempt wrote.

        Raises:
            RunError: the disk refuses.
        """
        same = [
            old for old in self.lines if all(old.get(name) == line.get(name) for name in ("stage", "part", "epoch"))
        ]
        if not same:
            self._append(dict(line))
            return
        self.lines = [old for old in self.lines if old not in same] + [dict(line)]
        if self._file is not None:
            with _reported(self._file):
                self._file.write_text(self.to_jsonl(), encoding="utf-8")

    def _append(self, line: dict[str, Any]) -> None:
        self.lines.append(line)
        if self._file is not None:
            with _reported(self._file), self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def keep_in(self, folder: Path) -> None:
        """Continue the history of an earlier attempt that lies there, and keep this one there too.

        Raises:
            RunError: the disk refuses.
        """
        file = folder / HISTORY_FILE
        with _reported(file):
            earlier = [json.loads(line) for line in _whole_lines(file)] if file.exists() else []
            self.lines = [*earlier, *self.lines]
            file.write_text(self.to_jsonl(), encoding="utf-8")
        self._file = file

    @property
    def seconds(self) -> float:
        """Wall time of all stages, those of earlier attempts included."""
        return sum(line.get("seconds", 0.0) for line in self.lines)

    @property
    def peak(self) -> int:
        """Largest peak memory of all attempts, in bytes."""
        return max([line.get("peak_memory_bytes", 0) for line in self.lines], default=0)

    def to_jsonl(self) -> str:
        """The lines as JSON Lines."""
        return "".join(json.dumps(line) + "\n" for line in self.lines)


class RecordedStages(Stages):
    """Stages whose ends are written into a history."""

    def __init__(self, folder: str | Path | None = None) -> None:
        super().__init__(folder)
        self.history = History()

    def record_in(self, history: History) -> None:
        """Use this history from now on."""
        self.history = history
        if self.folder is not None:
            history.keep_in(self.folder)

    def run(self, name: str, compute: Callable[[], Arrays]) -> dict[str, np.ndarray]:
        """As :meth:`Stages.run`; a stage that is computed is recorded, one that is read is not."""
        known = self.is_done(name)
        arrays = super().run(name, compute)
        if not known:
            self.history.mark(name)
        return arrays

    def record(self, line: Mapping[str, Any]) -> None:
        """See :meth:`Stages.record`."""
        self.history.record(line)


@contextmanager
def _reported(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"{file}: cannot be written: {error.strerror or error}") from error


def _whole_lines(file: Path) -> list[str]:
    """A process that was killed may have left half a line at the end."""
    content = file.read_text(encoding="utf-8")
    return content[: content.rfind("\n") + 1].splitlines()
