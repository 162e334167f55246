"""What a metric is: a function with a note on how its values over documents or labels become one number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["mean", "ratio", "labels", "curve"]


@dataclass(frozen=True, eq=False)
class Metric:
    """One line's worth of :data:`manylabel.metrics.METRICS`.

    Attributes:
        function: takes what its kind says, and ``k`` after it where the metric has a cut:

            * ``mean``: a :class:`~manylabel.metrics.batch.View`; gives one float64 per document, ``[n]``. The metric
              is their mean over the documents that count.
            * ``ratio``: a view; gives numerators and denominators, ``[n]`` each. The metric is the ratio of their sums.
            * ``labels``: :class:`~manylabel.metrics.label_sums.LabelSums` (with a cut: those of the first k labels
              as the label set, of which only the hits are known); gives ``[R]``, one value per resample.
            * ``curve``: :class:`~manylabel.metrics.curves.RankedCells` and weights ``[C, units, B]``; gives
              ``[views, C * B]``.
        kind: one of these four.
        needs_counts: it is defined only where the training counts of the labels are known.
        needs_whole_list: it reads the predicted list to its end, so a list cut at k gives a lower bound of its value
            over all labels.
        lower_is_better: a loss.
    """

    function: Callable[..., Any]
    kind: Kind
    needs_counts: bool = False
    needs_whole_list: bool = False
    lower_is_better: bool = False

    def __call__(self, *arguments: Any) -> Any:
        """What the function gives."""
        return self.function(*arguments)


def metric(
    kind: Kind, *, needs_counts: bool = False, needs_whole_list: bool = False, lower_is_better: bool = False
) -> Callable[[Callable[..., Any]], Metric]:
    """Make a :class:`Metric` of the function below; the arguments are its attributes."""

    def wrap(function: Callable[..., Any]) -> Metric:
        return Metric(function, kind, needs_counts, needs_whole_list, lower_is_better)

    return wrap


def divide(numerator: np.ndarray, denominator: np.ndarray, otherwise: float = 0.0) -> np.ndarray:
    """float64 quotients of arrays of one shape, with `otherwise` where the denominator is zero."""
    out = np.full(numerator.shape, otherwise, dtype=np.float64)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)
