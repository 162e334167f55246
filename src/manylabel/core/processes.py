"""Processes that train together, as ``torchrun`` starts them: what the environment says of them."""

from __future__ import annotations

import os


def world_size() -> int:
    """Number of processes; 1 for one alone."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this process; 0 is the first, which writes files, measures and speaks."""
    return int(os.environ.get("RANK", "0")) if world_size() > 1 else 0
