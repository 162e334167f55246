"""Runs independent pieces of work on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from numba import config

Piece = TypeVar("Piece")
Result = TypeVar("Result")

# Beyond this the part that only one thread at a time can do (encoding strings) leaves nothing to gain.
_MOST = 16


def available_threads() -> int:
    """Threads worth starting: the cores this process may use (or ``NUMBA_NUM_THREADS``), at most 16."""
    return min(_MOST, int(config.NUMBA_NUM_THREADS))  # pyright: ignore[reportAttributeAccessIssue]


def map_in_threads(work: Callable[[Piece], Result], pieces: Iterable[Piece], threads: int) -> list[Result]:
    """The results of `work` on each piece, in the order of the pieces; a single piece or thread starts no thread.

    Raises:
        Exception: the first that `work` raised; pieces not yet begun are left.
    """
    pieces = list(pieces)
    if threads == 1 or len(pieces) < 2:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(min(threads, len(pieces))) as pool:
        return list(pool.map(work, pieces))
