"""Bootstrap confidence intervals: how much a value would vary with another sample of as many documents."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

T = TypeVar("T")

MAX_UNITS = 1 << 14
"""Up to this many documents are resampled one by one; more are first put into this many random blocks."""

_CHUNK = 128


def unit_of(n: int) -> tuple[np.ndarray, int]:
    """The unit in which each of n documents is resampled, int32 ``[n]``, and the number of units.

    Beyond :data:`MAX_UNITS` documents, units are blocks drawn at random (the same for every call with the same n). The
    variance of a sum over independent documents equals that over random blocks of them; that it is estimated from
    16,384 terms instead of n adds an error of about 1% to the width, less than 1,000 resamples do, and bounds the
    cost.
    """
    if n <= MAX_UNITS:
        return np.arange(n, dtype=np.int32), n
    shuffled = np.random.default_rng(n).permutation(n)
    return (shuffled % MAX_UNITS).astype(np.int32), MAX_UNITS


def bootstrap_weights(units: int, resamples: int, seed: int) -> np.ndarray:
    """How often each unit occurs in resamples of all units with replacement (Efron 1979).

    Returns:
        uint8 ``[C, units, B]`` with ``C * B`` at least `resamples`, the same for the same arguments.
    """
    width = min(_CHUNK, resamples)
    chunks = -(-resamples // width)
    weights = np.empty((chunks, units, width), dtype=np.uint8)
    for chunk in range(chunks):
        drawn = np.random.default_rng([seed, chunk]).integers(0, units, size=(width, units))
        drawn += np.arange(width)[:, None] * units
        times = np.bincount(drawn.ravel(), minlength=width * units).reshape(width, units)
        weights[chunk] = times.T
    return weights


def swaps(units: int, resamples: int, seed: int) -> np.ndarray:
    """Fair coins, uint8 ``[C, units, B]`` as :func:`bootstrap_weights`: 1 where a unit changes sides."""
    width = min(_CHUNK, resamples)
    chunks = -(-resamples // width)
    coins = np.empty((chunks, units, width), dtype=np.uint8)
    for chunk in range(chunks):
        # The third number keeps these draws apart from those of the bootstrap with the same seed.
        coins[chunk] = np.random.default_rng([seed, chunk, 1]).integers(0, 2, size=(units, width), dtype=np.uint8)
    return coins


def ones(units: int) -> np.ndarray:
    """The sample itself as its only resample, uint8 ``[1, units, 1]``."""
    return np.ones((1, units, 1), dtype=np.uint8)


def over_chunks(function: Callable[[np.ndarray], T], weights: np.ndarray) -> list[T]:
    """What a function that holds no interpreter lock gives for each chunk ``[units, B]`` of weights, on all cores.

    Every chunk is worked on by one thread, so the results do not depend on how many there are.
    """
    if len(weights) == 1:
        return [function(weights[0])]
    with ThreadPoolExecutor(min(len(weights), os.cpu_count() or 1)) as pool:
        return list(pool.map(function, weights))


def interval(
    value: float, resampled: np.ndarray, confidence: float, bounds: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, float] | None:
    """Percentile interval of resampled values, moved so that their mean is the value, within the bounds.

    Moved, because a resample misses a third of the documents and with them labels that occur in few: macro averages and
    coverage are lower in every resample than in the sample, and the plain percentiles would lie beside the value.
    Resamples in which the metric is not defined (NaN) are left out.

    Returns:
        Lower and upper end, or None where no resample defines the metric.
    """
    defined = resampled[~np.isnan(resampled)]
    if defined.size == 0:
        return None
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail]) + (value - defined.mean())
    # A skewed distribution may have its mean outside the percentiles; the value itself always belongs to the interval.
    return float(max(bounds[0], min(low, value))), float(min(bounds[1], max(high, value)))
