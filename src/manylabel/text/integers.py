"""Integers of a fixed width for compiled loops.

Counters there begin with ``ZERO`` and not with ``0``: numba types a literal apart, and would compile every function
that is called with one twice. The constructors are numpy's, declared so that their results pass for ``int``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

int64: Any = np.int64
uint64: Any = np.uint64

ZERO: Any = np.int64(0)
ONE: Any = np.int64(1)
