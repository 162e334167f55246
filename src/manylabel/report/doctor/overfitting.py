"""Learnt by heart: better on training documents than on others, or worse with every further epoch."""

from __future__ import annotations

import math

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.gaps import ASKED_NOW, RANKING, far_apart, gaps
from manylabel.report.doctor.settings import fit_less
from manylabel.report.doctor.wording import percent, points

_WIDE, _VERY_WIDE = 0.15, 0.3
_RISEN = 1.05


def overfitting(examined: Examined) -> list[Finding]:
    """Compare training with test, and the validation loss with its lowest point.

    A model that scores much higher on what it learnt from has room for regularisation, or wants more documents; a gap
    too wide for that is left to the rule ``mismatch``. Where the validation loss rises while the training loss falls,
    the best epoch is behind.
    """
    found = _passed_best(examined)
    try:
        sides = gaps(examined)
    except CannotLookError:
        if not found:
            raise
        return found
    # Label sets depend on thresholds, which are off by more on new documents: the ranking shows what was learnt.
    ranked = [gap for gap in sides if gap.metric == RANKING or gap.other != ASKED_NOW]
    if found:  # the curves have been spoken of
        ranked = [gap for gap in ranked if gap.other == ASKED_NOW]
    widest = max(ranked, key=lambda gap: gap.size, default=None)
    if widest is None or widest.size < _WIDE or far_apart(examined) is not None:
        return found
    evidence = {f"{gap.metric} on training documents": gap.train for gap in sides}
    evidence |= {f"{gap.metric} on {gap.other}": gap.test for gap in sides}
    return [
        *found,
        Finding(
            "overfitting",
            "warning" if widest.size >= _VERY_WIDE else "note",
            f"{widest.metric} is {percent(widest.train)} on training documents and {percent(widest.test)} on "
            f"{widest.other}, {points(widest.size)} apart.",
            "The model knows much of its training part by heart. The gap itself costs nothing: what counts is the "
            "score on new documents, which may be higher with a model that fits less, or with more documents.",
            "Regularise more, and keep it if the ranking of new documents gets better (P@5, nDCG@5 in manylabel "
            "compare). A threshold has to be fitted anew then, as scores shrink. If the ranking gets worse, the gap is "
            "the price of learning rare labels at all, and only more documents help.",
            settings=fit_less(examined),
            evidence=evidence,
        ),
    ]


def _passed_best(examined: Examined) -> list[Finding]:
    if examined.curves is None:
        return []
    validation = [(e, v) for e, v in examined.curves.series("validation", "loss") if math.isfinite(v)]
    train = {e: v for e, v in examined.curves.series("train", "loss") if math.isfinite(v)}
    if len(validation) < 3:
        return []
    best, lowest = min(validation, key=lambda item: item[1])
    last, loss = validation[-1]
    falling = train.get(last, math.inf) < train.get(best, -math.inf)
    if last == best or loss < _RISEN * lowest or not falling:
        return []
    return [
        Finding(
            "overfitting",
            "warning",
            f"The validation loss was lowest in epoch {best} ({lowest:.4g}) and is {loss:.4g} in epoch {last}, while "
            f"the training loss went on falling from {train[best]:.4g} to {train[last]:.4g}.",
            "From then on the network learnt its training documents by heart. Losses punish being sure and wrong, so "
            "the metric may still rise for a while: judge by the metric that you care for.",
            "Stop early on that metric and keep the best epoch; raise dropout or weight decay, lower the learning "
            "rate, or train on more documents.",
            evidence={"best epoch": best, "last epoch": last, "lowest loss": lowest, "last loss": loss},
        )
    ]
