"""What a piece of work will need, against what this machine has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from manylabel.core.errors import CapacityError

_CONTROL_GROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Estimate:
    """Expected cost of a training.

    Attributes:
        memory_bytes: peak resident memory expected for the whole process.
        seconds: wall time expected on this machine.
        detail: what dominates, in a few words.
    """

    memory_bytes: int
    seconds: float
    detail: str

    def __str__(self) -> str:
        return f"about {format_bytes(self.memory_bytes)} of memory and {format_seconds(self.seconds)} ({self.detail})"


def available_memory() -> int:
    """Bytes that this process may still take: free memory, or the control group's limit where that is lower."""
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
    for folder, limit, used, prefix in (
        (_CONTROL_GROUP, "memory.max", "memory.current", ""),
        (_CONTROL_GROUP / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ):
        bound, current = _read_number(folder / limit), _read_number(folder / used)
        if bound is not None and current is not None:
            # Files that were read count as used, but make room as soon as it is asked for.
            current -= _file_cache(folder / "memory.stat", prefix)
            free = min(free, max(bound - max(current, 0), 0))
    return free


def _read_number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _file_cache(path: Path, prefix: str) -> int:
    try:
        pairs = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return 0
    wanted = {f"{prefix}active_file", f"{prefix}inactive_file"}
    return sum(int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in wanted and pair[1].isdigit())


def n_threads() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require_memory(estimate: Estimate, *, remedy: str) -> None:
    """Refuse work that cannot fit.

    Raises:
        CapacityError: the estimate, which is of the whole process, exceeds what is available now and what the
            process holds; says both numbers and `remedy`.
    """
    room = available_memory() + resident_memory()
    if estimate.memory_bytes > room:
        raise CapacityError(f"training would need {estimate}, but only {format_bytes(room)} are available: {remedy}")


def resident_memory() -> int:
    """Bytes that this process holds already; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def format_bytes(number: float) -> str:
    """A size for people, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit in ("B", "kB") else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def format_seconds(seconds: float) -> str:
    """A duration for people."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
