"""Validation has stopped improving: for how long, at what, and what a person would try."""

from __future__ import annotations

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.gaps import curve_gaps
from manylabel.report.doctor.settings import known_to
from manylabel.report.doctor.wording import percent, points

_STEP = 0.005
_FEWEST = 3


def plateau(examined: Examined) -> list[Finding]:
    """The leading metric of the validation part has not risen by half a point for a third of the epochs, at least 3."""
    curves = examined.curves_read()
    name = curves.leading()
    series = curves.series("validation", name) if name else []
    if name is None or len(series) <= _FEWEST:
        raise CannotLookError("the history has fewer than four epochs with a validation metric")
    reached, at = series[0][1], series[0][0]
    for epoch, value in series[1:]:
        if value > reached + _STEP:
            reached, at = value, epoch
    since = sum(1 for epoch, _ in series if epoch > at)
    if since < max(_FEWEST, len(series) // 3):
        return []
    best = max(value for _, value in series)
    gap = next(iter(curve_gaps(examined)), None)
    evidence = {"best": best, "epoch": at, "epochs since": since} | (
        {} if gap is None else {"gap to training": gap.size}
    )
    if gap is not None and gap.size > 0.1:
        why = f"On training documents it is {points(gap.size)} higher: more epochs only teach those by heart."
    else:
        why = "Training documents are served no better, so the model is at its end, or the learning rate too low."
    return [
        Finding(
            "plateau",
            "warning",
            f"{name} on the validation part has stood at {percent(best)} since epoch {at}, for {since} of "
            f"{len(series)} epochs.",
            why,
            "In this order: see what a linear model and the same answer for all reach (if as much, the network adds "
            "nothing yet); choose a decision per label on held-out documents (manylabel decide); start from a "
            "pretrained encoder; then collect documents of the labels that are served worst.",
            settings=known_to(examined, _other_models(examined)),
            evidence=evidence,
        )
    ]


def _other_models(examined: Examined) -> list[str]:
    return [f"model={kind}" for kind in ("linear-ovr", "fused") if kind != examined.kind]
