"""A loss that jumps, swings, or is no number any more."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

from manylabel.core.finding import Finding, Severity
from manylabel.report.doctor.examined import Examined
from manylabel.runs.curves import Curves

_SPIKE, _HUGE = 2.0, 10.0
_WORST_STEP = 20.0
_GRADIENT = 10.0
_SWING = 0.1
_WIDE_WEIGHTS = 100.0
_CAP = 50.0


def unstable_loss(examined: Examined) -> list[Finding]:
    """Look for losses that are not finite, spikes, swings and outlying gradients, and for weights that explain them."""
    curves = examined.curves_read()
    said, evidence = _signs(curves)
    ratio = 1.0
    if curves.label_weights is not None and curves.label_weights[0] > 0:
        ratio = curves.label_weights[1] / curves.label_weights[0]
    wide = ratio > _WIDE_WEIGHTS
    if not said:
        return []
    largest = float(evidence.get("largest jump", 1.0))  # type: ignore[arg-type]
    broken = "epochs without a finite loss" in evidence
    severity: Severity = "serious" if broken or largest > _HUGE else "warning"
    if wide:
        assert curves.label_weights is not None
        smallest, heaviest = curves.label_weights
        evidence |= {"smallest label weight": smallest, "largest label weight": heaviest}
        why = (
            f"Labels weigh between {smallest:,g} and {heaviest:,.0f} in the loss: one document of the rarest label "
            f"moves the network as much as {ratio:,.0f} of the commonest. Batches that hold such a document make the "
            "loss jump, and the scores of rare labels lose their meaning as probabilities."
        )
        advice = (
            f"Temper the weights: take their square root ({math.sqrt(ratio):,.0f} to 1) or logarithm "
            f"({math.log(ratio):.0f} to 1), and cut what is left above {_CAP:g} to 1. Start the output biases at the "
            "log-odds of each label, so that the first steps need not learn how rare labels are, and clip gradients at "
            "a norm of 1. What weights were to do for recall, a threshold per label does without touching the "
            "training: manylabel decide RUN --method per-label."
        )
    else:
        why = (
            "Steps are too long for the surface they walk on; after such a step the network has to learn again what it "
            "knew, and which epoch is saved is a matter of luck."
        )
        advice = (
            "Lower the learning rate by a factor of three, warm it up over the first tenth of the steps, clip "
            "gradients at a norm of 1, and take larger batches; with mixed precision, try bfloat16 or full precision."
        )
    return [Finding("unstable-loss", severity, f"{'. '.join(said)}.", why, advice, evidence=evidence)]


def _signs(curves: Curves) -> tuple[list[str], dict[str, object]]:
    """What speaks for an unstable training, in words and numbers."""
    said: list[str] = []
    evidence: dict[str, object] = {}
    losses = curves.series("train", "loss")
    broken = [epoch for epoch, loss in losses if not math.isfinite(loss)]
    if broken:
        said.append(f"From epoch {broken[0]} on the training loss is not finite")
        evidence["epochs without a finite loss"] = len(broken)
    finite = [(epoch, loss) for epoch, loss in losses if math.isfinite(loss)]
    jumps = [
        (loss / lowest, epoch)
        for position, (epoch, loss) in enumerate(finite)
        if position and (lowest := min(value for _, value in finite[:position])) > 0 and loss > _SPIKE * lowest
    ]
    if jumps:
        factor, epoch = max(jumps)
        said.append(f"In epoch {epoch} the training loss is {factor:.1f} times the lowest before")
        evidence |= {"epochs with a jump": len(jumps), "largest jump": factor}
    elif _swings(finite):
        said.append("The training loss goes up and down by more than a tenth from epoch to epoch")
        evidence["training losses"] = [loss for _, loss in finite]
    said += _outliers(curves, evidence)
    return said, evidence


def _outliers(curves: Curves, evidence: dict[str, object]) -> list[str]:
    """Single steps and gradients that stand out."""
    said = []
    means = dict(curves.series("train", "loss"))
    worst = [
        (largest / means[epoch], epoch)
        for epoch, largest in curves.series("train", "largest-loss")
        if means.get(epoch, 0.0) > 0 and math.isfinite(largest) and largest > _WORST_STEP * means[epoch]
    ]
    if worst:
        factor, epoch = max(worst)
        said.append(f"In epoch {epoch} the loss of one step is {factor:.0f} times the mean")
        evidence["largest loss of a step by the mean"] = factor
    norms = [epoch.gradient_norm for epoch in curves.epochs if epoch.gradient_norm is not None]
    finite = [norm for norm in norms if math.isfinite(norm)]
    if len(finite) < len(norms) or (finite and max(finite) > _GRADIENT * median(finite) > 0):
        said.append("Single gradients are more than ten times as long as usual")
        evidence["gradient norm, median and largest"] = [median(finite), max(finite)] if finite else []
    return said


def _swings(finite: list[tuple[int, float]]) -> bool:
    """At least a third of the steps from epoch to epoch go up by more than a tenth."""
    values = [loss for _, loss in finite]
    ups = [later > (1 + _SWING) * earlier for earlier, later in pairwise(values)]
    return len(ups) >= 3 and sum(ups) >= len(ups) / 3
