"""Too little learnt: low on training documents too, or stopped while still rising."""

from __future__ import annotations

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.settings import fit_more
from manylabel.report.doctor.wording import percent, points

_LOW = 0.75
_CLOSE = 0.1
_RISE = 0.01
_FEWEST_EPOCHS = 4


def underfitting(examined: Examined) -> list[Finding]:
    """Look whether training documents are served badly too, and whether curves end while they rise.

    P@1 is taken, which no threshold can spoil: a label set may be empty although the right label stands first.
    """
    rising = _still_rising(examined)
    try:
        examined.enough()
        trained = examined.trained_part()
    except CannotLookError:
        if examined.curves is None:
            raise
        return rising
    train, test = trained.evaluation.values["P@1"], examined.measured.evaluation.values["P@1"]
    if train >= _LOW or train - test >= _CLOSE:
        return rising
    return [
        *rising,
        Finding(
            "underfitting",
            "warning",
            f"P@1 is {percent(train)} on training documents, hardly above the {percent(test)} on test documents.",
            "The model cannot tell its own training documents apart: it is too weak for the task, regularised too "
            "much, or the labels do not follow from the texts (wrong text field, texts cut short, contradicting "
            "labels).",
            "Look at ten training documents that it gets wrong. If a person could label them, let the model fit more; "
            "if not, mend the data (manylabel data inspect).",
            settings=fit_more(examined),
            evidence={"P@1 train": train, "P@1 test": test},
        ),
    ]


def _still_rising(examined: Examined) -> list[Finding]:
    """The leading metric rose on both sides over the last quarter of the epochs."""
    curves = examined.curves
    name = curves.leading() if curves is not None else None
    if curves is None or name is None:
        return []
    train, validation = curves.series("train", name), curves.series("validation", name)
    if min(len(train), len(validation)) < _FEWEST_EPOCHS:
        return []
    back = max(1, len(validation) // 4)
    rises = [series[-1][1] - max(value for _, value in series[:-back]) for series in (train, validation)]
    if min(rises) < _RISE:
        return []
    return [
        Finding(
            "underfitting",
            "warning",
            f"{name} on the validation part rose by {points(rises[1])} over the last {back} of {len(validation)} "
            "epochs, and was still rising on training documents.",
            "The training ended before it was done.",
            "Train for more epochs, with early stopping on this metric to end it.",
            evidence={"last rise on validation": rises[1], "last rise on training": rises[0]},
        )
    ]
