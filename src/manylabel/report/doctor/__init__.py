"""Diagnosis of runs: a rule is one function of what was read of a run, in a file of its own, and one line here.

A rule takes an :class:`~manylabel.report.doctor.examined.Examined` and returns its findings, none where all is well;
it raises :class:`~manylabel.report.doctor.examined.CannotLookError` where it lacks what it needs.
"""

from manylabel.core.table import Part, Table


def _rule(name: str, summary: str) -> Part:
    """The function of a rule is called like its file, and both like the rule."""
    place = name.replace("-", "_")
    return Part(f"manylabel.report.doctor.{place}:{place}", summary)


_SUMMARIES = {
    "reproduction": "the recorded metrics do not come out again",
    "steadiness": "the same text gets different scores",
    "mismatch": "training and test do not seem to be of one kind",
    "shared-documents": "test documents stand in the training part",
    "too-good": "a score that is too good to be true",
    "deciding-term": "one term decides a label",
    "constant-answer": "no better than the same answer for every document",
    "same-labels": "the same labels everywhere",
    "unstable-loss": "the loss jumps",
    "overfitting": "learnt by heart",
    "underfitting": "too little learnt",
    "plateau": "validation has stopped improving",
    "empty-sets": "documents that are returned without a label",
    "threshold": "another threshold makes better label sets",
    "exact-match": "exact matches hide how much is right",
    "tail-gap": "rare labels are served worse than frequent ones",
    "never-predicted": "labels that are never predicted",
    "small-test": "too few test documents for fine differences",
    "rare-labels": "labels with too few documents to be learnt or measured",
}

RULES = Table("diagnosis", {name: _rule(name, summary) for name, summary in _SUMMARIES.items()})
"""What the doctor looks for, causes before consequences."""

ROOTS = ("reproduction", "steadiness", "mismatch")
"""Where one of these is serious, the scores are not those of the model that was meant: mend that first."""

RESTING_ON_SCORES = frozenset(
    {
        "mismatch",
        "too-good",
        "constant-answer",
        "same-labels",
        "overfitting",
        "underfitting",
        "empty-sets",
        "threshold",
        "exact-match",
        "tail-gap",
        "never-predicted",
        "small-test",
    }
)
"""Rules that say nothing of use as long as one of :data:`ROOTS` stands."""
