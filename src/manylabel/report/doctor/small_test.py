"""Too few test documents for the differences that one would like to see."""

from __future__ import annotations

import math

from manylabel.core.finding import Finding
from manylabel.metrics.evaluation import Evaluation
from manylabel.report.doctor.chance import half_width, least_half_width
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.wording import between, count, percent, points

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
    documents = evaluation.basis.documents
    half = max(widths[widest], least_half_width(documents))
    if half < _WIDE:
        return []
    needed = round(documents * (half / _AIM) ** 2, -2)
    said = _noise_of_epochs(examined)
    return [
        Finding(
            "small-test",
            "warning" if half >= _VERY_WIDE else "note",
            f"{_said(evaluation, widest, half)}: {count(documents, 'test document')} tell no difference of less than "
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


def _said(evaluation: Evaluation, name: str, half: float) -> str:
    value, ends = evaluation.values[name], evaluation.intervals[name]
    if ends[1] - ends[0] < 2 * half:
        return f"{name} is {percent(value)}, which on so few documents may be luck"
    return f"{name} is {percent(value)} with an interval of {between(ends)}"


def _noise_of_epochs(examined: Examined) -> str:
    """How many epochs lie within the interval of the best one, where the number of validation documents is written."""
    curves = examined.curves
    name = curves.leading() if curves is not None else None
    if curves is None or name is None or not curves.validation_documents:
        return ""
    values = [value for _, value in curves.series("validation", name) if math.isfinite(value)]
    if len(values) < 2:
        return ""
    reach = half_width(max(values), curves.validation_documents)
    near = sum(1 for value in values if value >= max(values) - reach)
    return (
        f" On the {curves.validation_documents:,} validation documents, {near} of {len(values)} epochs lie within "
        f"chance of the best {name}."
    )
