"""A training judged by exact matches: what that number hides."""

from __future__ import annotations

from manylabel.core.finding import Finding
from manylabel.report.doctor.baselines import commonest_set_share
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.wording import percent

_HIDDEN = 0.05


def exact_match(examined: Examined) -> list[Finding]:
    """Where curves are of ``accuracy``, set it beside what is right label by label, and beside the commonest set."""
    curves = examined.curves_read()
    if curves.leading() != "accuracy":
        return []
    part = examined.measured
    values = part.evaluation.values
    exact, f1, macro = part.exact, values["example-F1"], values["macro-recall-supported"]
    if f1 - exact < _HIDDEN:
        return []
    same = commonest_set_share(part)
    return [
        Finding(
            "exact-match",
            "note",
            f"Accuracy counts a document as right only if its whole label set is: {percent(exact)} now. Label by "
            f"label, {percent(values['micro-precision'])} of what is returned is right and "
            f"{percent(values['micro-recall'])} of what is true is found (mean F1 of a document {percent(f1)}).",
            f"One wrong label among several costs the document, so accuracy moves little while labels improve. Always "
            f"answering with the commonest set has {percent(same)}; the mean recall of a label is {percent(macro)}, "
            "which accuracy does not show either.",
            "Judge by micro-F1 for all labels and macro-F1 for rare ones, stop training on the one you care for, and "
            "look at recall label by label (manylabel evaluate RUN --label-table labels.csv).",
            settings=(),
            evidence={
                "accuracy": exact,
                "accuracy of the commonest set": same,
                "example-F1": f1,
                "micro-F1": values["micro-F1"],
                "macro-recall-supported": macro,
            },
        )
    ]
