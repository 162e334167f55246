"""What to advise on decisions, given the one that makes the label sets now."""

from __future__ import annotations

from manylabel.report.doctor.examined import Examined

_BY_LABEL = ("per-label", "per-frequency")


def by_label(examined: Examined) -> str:
    """A sentence: how rare labels get thresholds that suit them, or that they have them already."""
    decision = examined.run.decision
    in_use = examined.measured.evaluation.basis.label_sets.startswith("decision")
    if decision is not None and in_use and decision.kind in _BY_LABEL:
        return (
            f"Thresholds are fitted label by label already (decision {decision.kind}); what is left is for the model."
        )
    return (
        "First fit a threshold per label on held-out documents, with a rule that spares rare labels: manylabel decide "
        "RUN --method per-label."
    )
