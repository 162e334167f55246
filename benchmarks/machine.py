"""What the machine is: the line that every table of results carries."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path


def machine_facts() -> dict[str, str | int | float]:
    """Processor, cores, memory in GiB, kernel and Python."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def commit() -> str:
    """The checked-out commit, marked where the sources differ from it; ``unknown`` outside a checkout."""
    here = Path(__file__).resolve().parent.parent
    try:
        head = _git(here, "rev-parse", "--short=12", "HEAD")
        changed = _git(here, "status", "--porcelain", "--", "src")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head} with changes in src" if changed else head


def touched_since(date: str, paths: Sequence[str]) -> bool:
    """Whether a commit, or a change that is in none, has touched some paths since a date; outside a checkout yes.

    Args:
        date: in ISO format, with its offset.
        paths: relative to the checkout.
    """
    here = Path(__file__).resolve().parent.parent
    try:
        commits = _git(here, "log", "--format=%h", f"--since={date}", "--", *paths)
        return bool(commits or _git(here, "status", "--porcelain", "--", *paths))
    except (OSError, subprocess.CalledProcessError):
        return True


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
