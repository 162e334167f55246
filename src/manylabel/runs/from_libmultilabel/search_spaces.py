"""The search spaces of Ray Tune, as LibMultiLabel writes them: ``[choice, [0.1, 0.2]]``, ``[uniform, 0.1, 0.5]``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

_LISTS = ("choice", "grid_search")


def _middle(low: float, high: float) -> float:
    return (low + high) / 2


def _geometric(low: float, high: float) -> float:
    return math.sqrt(low * high)


def _rounded(middle: Callable[[float, float], float]) -> Callable[..., float]:
    return lambda low, high, step: round(middle(low, high) / step) * step


_RANGES: dict[str, Callable[..., float]] = {
    "uniform": _middle,
    "quniform": _rounded(_middle),
    "loguniform": _geometric,
    "qloguniform": _rounded(_geometric),
    "randn": lambda mean, deviation: mean,
    "qrandn": lambda mean, deviation, step: round(mean / step) * step,
    "randint": lambda low, high: (low + high) // 2,
    "qrandint": lambda low, high, step=1: round((low + high) // 2 / step) * step,
}


def one_of(value: Any) -> tuple[Any, str | None]:
    """One value of a search space, and the kind of the space; of anything else the value itself, and None.

    Of a list it is the first value, of a range the middle.

    Raises:
        ValueError: a space with other arguments than its kind has.
    """
    if not (isinstance(value, list) and len(value) >= 2 and value[0] in (*_LISTS, *_RANGES)):
        return value, None
    kind, arguments = value[0], value[1:]
    try:
        if kind in _LISTS:
            (values,) = arguments
            if not isinstance(values, list):
                raise ValueError("no list")
            return values[0], kind
        return _RANGES[kind](*arguments), kind
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        raise ValueError(f"{kind} with {arguments} is no search space") from None
