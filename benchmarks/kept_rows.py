"""Rows of a table that take long: measured once, kept in a file by what decides of them, and read from then on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def kept_row(
    folder: Path, facts: dict[str, Any], measure: Callable[[], dict[str, Any] | None] | None
) -> dict[str, Any] | None:
    """A row as it was kept, or measured now; None where neither is to be had.

    Args:
        folder: of the files.
        facts: all that decides of the row, JSON-ready.
        measure: gives the row, or None where it fails; None to measure nothing.
    """
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    file = folder / f"{key}.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))["row"]
    row = None if measure is None else measure()
    if row is not None:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"facts": facts, "row": row}, indent=1) + "\n", encoding="utf-8")
    return row
