"""Validation has stopped improving: for how long, at what, and what a person would try."""

from __future__ import annotations

from manylabel.core.finding import Finding
from manylabel.report.doctor.baselines import commonest_set_share, commonest_share
from manylabel.report.doctor.chance import half_width
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
    at, reached = series[0]
    for epoch, value in series[1:]:
        if value > reached + _STEP:
            at, reached = epoch, value
    since = sum(1 for epoch, _ in series if epoch > at)
    if since < max(_FEWEST, len(series) // 3):
        return []
    best = max(value for _, value in series)
    evidence: dict[str, object] = {"best": best, "epoch": at, "epochs since": since}
    return [
        Finding(
            "plateau",
            "warning",
            f"{name} on the validation part has stood at {percent(best)} since epoch {at}, for {since} of "
            f"{len(series)} epochs.{_chance(examined, best, evidence)}",
            f"{_training_side(examined, evidence)} {_baselines(examined, evidence)}",
            "In this order: compare with a linear model on the same parts; choose a decision per label on held-out "
            "documents (manylabel decide RUN --method per-label); start from a pretrained encoder; then collect "
            "documents of the labels that are served worst.",
            settings=known_to(examined, [f"model={kind}" for kind in ("linear-ovr", "fused") if kind != examined.kind]),
            evidence=evidence,
        )
    ]


def _chance(examined: Examined, value: float, evidence: dict[str, object]) -> str:
    """By how much chance moves a share of the validation documents, where their number is written."""
    documents = examined.curves_read().validation_documents
    if not documents:
        return ""
    evidence["validation documents"] = documents
    evidence["half width of its interval"] = half = half_width(value, documents)
    return f" With {documents:,} validation documents chance alone moves it by {points(half)} to each side."


def _training_side(examined: Examined, evidence: dict[str, object]) -> str:
    gap = next(iter(curve_gaps(examined)), None)
    if gap is None:
        return "How training documents are served is not in the history."
    evidence["gap to training"] = gap.size
    if gap.size > 0.1:
        return f"On training documents it is {points(gap.size)} higher: more epochs only teach those by heart."
    return "Training documents are served no better: the model is at its end, or the learning rate is too low."


def _baselines(examined: Examined, evidence: dict[str, object]) -> str:
    """What the same answer for all reaches, so that the number can be judged."""
    part = examined.measured
    evidence["P@1 of the commonest label"] = label = commonest_share(part)
    evidence["accuracy of the commonest set"] = labels = commonest_set_share(part)
    return (
        "To judge it: on the test part, answering every document with the commonest label has a P@1 of "
        f"{percent(label)}, with the commonest label set {percent(labels)} of exact matches; the saved model has "
        f"{percent(part.evaluation.values['P@1'])} and {percent(part.exact)}."
    )
