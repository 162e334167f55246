"""How the project compiles its kernels: without the interpreter lock, and cached on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel with strict floating point: the order of additions is the one that is written."""
    return njit(nogil=True, cache=True)(function)


def compiled_fast(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel whose sums may be reordered and vectorised; results may differ between processors."""
    return njit(nogil=True, cache=True, fastmath=True)(function)
