"""Too few test documents for the differences that one would like to see."""

from __future__ import annotations

import math

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.wording import between, percent, points

_LOOKED = ("P@1", "micro-F1", "macro-F1-supported")
_WIDE, _VERY_WIDE = 0.02, 0.04
_AIM = 0.01


def small_test(examined: Examined) -> list[Finding]:
    """Say how far chance alone moves the score, and how many documents a point needs.

    The half width of an interval falls with the root of the number of documents. Two models on the same documents are
    compared more finely than their intervals suggest: ``manylabel compare`` pairs them.
    """
    evaluation = examined.measured.evaluation
    widths = {name: (high - low) / 2 for name, (low, high) in evaluation.intervals.items() if name in _LOOKED}
    if not widths:
        raise CannotLookError("no intervals were asked for (evaluate.n_bootstrap=0)")
    widest = max(widths, key=lambda name: widths[name])
    half = widths[widest]
    if half < _WIDE:
        return []
    documents = evaluation.basis.documents
    needed = round(documents * (half / _AIM) ** 2, -2)
    said = _noise_of_epochs(examined, half)
    return [
        Finding(
            "small-test",
            "warning" if half >= _VERY_WIDE else "note",
            f"{widest} is {percent(evaluation.values[widest])} with an interval of "
            f"{between(evaluation.intervals[widest])}: {documents:,} test documents tell no difference of less than "
            f"about {points(half)}.",
            "Another sample of as many documents would move the score by that much without any change of the "
            f"model.{said}",
            f"For an interval of one point to each side, about {needed:,.0f} documents are needed. Compare two models "
            "on the same documents with manylabel compare, which pairs them, and use cross-validation where there are "
            "no more.",
            evidence={"documents": documents, "documents needed for a point": int(needed)}
            | {f"half width of {name}": width for name, width in widths.items()},
        )
    ]


def _noise_of_epochs(examined: Examined, half: float) -> str:
    """How many epochs lie within the interval of the best one."""
    curves = examined.curves
    name = curves.leading() if curves is not None else None
    if curves is None or name is None:
        return ""
    values = [value for _, value in curves.series("validation", name) if math.isfinite(value)]
    near = sum(1 for value in values if value >= max(values) - half)
    return f" {near} of {len(values)} epochs lie that close to the best one." if len(values) > 1 else ""
