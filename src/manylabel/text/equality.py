"""Compares bytes eight at a time, inside compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from manylabel.text.integers import uint64


def _loader(bits: int, result: types.Type) -> Any:
    """A function of an array of bytes and a position that reads so many bits from there, aligned or not."""

    def load(_context: Any, array: types.Array, at: types.Type) -> tuple[Any, Any]:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            place = builder.gep(data, [arguments[1]])
            return builder.load(builder.bitcast(place, ir.IntType(bits).as_pointer()), align=1)

        return result(array, types.int64), generate

    return intrinsic(load)


_eight_bytes = _loader(64, types.uint64)
_BITS = uint64(64)


@njit(cache=True, nogil=True, inline="always")
def same_bytes(one: np.ndarray, start: int, other: np.ndarray, begin: int, length: int) -> bool:
    """Whether ``one[start:start + length]`` and ``other[begin:begin + length]`` (uint8) are equal.

    Byte by byte, this was three quarters of the time that looking up words took.
    """
    if 0 < length <= 8 and start + 8 <= len(one) and begin + 8 <= len(other):
        # What lies behind the end is in the high bytes (all machines that numba knows are little-endian): shift it out.
        difference = _eight_bytes(one, start) ^ _eight_bytes(other, begin)
        return (difference << (_BITS - uint64(8 * length))) == uint64(0)
    i = 0
    while i + 8 <= length:
        if _eight_bytes(one, start + i) != _eight_bytes(other, begin + i):
            return False
        i += 8
    while i < length:
        if one[start + i] != other[begin + i]:
            return False
        i += 1
    return True
