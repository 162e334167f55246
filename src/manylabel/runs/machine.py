"""On which machine, and with which versions, a run was made."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import manylabel
from manylabel.core.capacity import n_threads

_PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "safetensors")


def machine_facts() -> dict[str, str | int]:
    """System, processor, processors in use and memory in bytes."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": n_threads(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    }


def version_facts() -> dict[str, str]:
    """Versions of Python, of manylabel and of what its numbers depend on."""
    found = {"python": platform.python_version(), "manylabel": manylabel.__version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
