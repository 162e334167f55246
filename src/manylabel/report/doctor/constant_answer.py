"""No better than the same answer for every document."""

from __future__ import annotations

from manylabel.core.finding import Finding
from manylabel.report.doctor.baselines import commonest_share
from manylabel.report.doctor.examined import Examined
from manylabel.report.doctor.settings import fit_more
from manylabel.report.doctor.wording import percent


def constant_answer(examined: Examined) -> list[Finding]:
    """Compare P@1 with that of the commonest label for all: a model that has learnt anything is above it."""
    examined.enough()
    part = examined.measured
    constant, now = commonest_share(part), part.evaluation.values["P@1"]
    low, _ = part.evaluation.intervals.get("P@1", (now, now))
    if low > constant:
        return []
    said = "below" if now < constant else "hardly above"
    return [
        Finding(
            "constant-answer",
            "serious",
            f"P@1 is {percent(now)}, {said} the {percent(constant)} of an answer that is always the commonest label.",
            "The scores carry no more than label frequencies: nothing was learnt from the texts, or what was learnt "
            "does not arrive (another order of labels, other texts, weights that were not loaded).",
            "Look at the findings on reproduction, mismatch and training documents first; if they are silent, check "
            "that the text field holds what labels were given for, and train a linear model to compare with.",
            settings=fit_more(examined),
            evidence={"P@1": now, "P@1 of the commonest label": constant},
        )
    ]
