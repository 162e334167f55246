"""Do the metrics come out again that were recorded when the run was trained? If not: what became of the model?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from manylabel.core.errors import ManylabelError
from manylabel.core.finding import Finding, Severity
from manylabel.data.reading import read_labels
from manylabel.report.doctor.baselines import commonest_share
from manylabel.report.doctor.examined import CannotLookError, Examined
from manylabel.report.doctor.renaming import hits_if_renamed, hits_in_order
from manylabel.report.doctor.vocabulary import stored_vocabulary, trained_vocabulary
from manylabel.report.doctor.wording import count, percent
from manylabel.runs.machine import version_facts

_SAME = 1e-6
_ROUNDING = 2e-3
_USUAL_WIDTH = 0.02


def reproduction(examined: Examined) -> list[Finding]:
    """Compare every recorded metric with the same metric now, and look for the cause of a difference.

    A loaded model must give the very numbers that were recorded. Causes are named by evidence: another order of labels
    (predictions come right again under other names), another vocabulary (it differs from the one that the training
    texts make), other versions, and, where none of these explains it, weights that are not those of the training.
    """
    then, now = _compared(examined)
    name = max(now, key=lambda metric: abs(now[metric] - then[metric]))
    difference = abs(now[name] - then[name])
    if difference <= _SAME:
        return []
    recorded = examined.recorded or {}
    low, high = recorded.get("intervals", {}).get(name, (then[name] - _USUAL_WIDTH, then[name] + _USUAL_WIDTH))
    severity: Severity = "note" if difference < _ROUNDING else "warning" if low <= now[name] <= high else "serious"
    evidence: dict[str, object] = {f"{metric} then": then[metric] for metric in _shown(name, then)}
    evidence |= {f"{metric} now": now[metric] for metric in _shown(name, then)}
    causes = list(_causes(examined, then, evidence)) if severity == "serious" else list(_versions(examined))
    return [
        Finding(
            "reproduction",
            severity,
            f"{name} on the run's own test part was {percent(then[name])} when it was trained and is "
            f"{percent(now[name])} in this process, on the same documents.",
            " ".join(causes) or "The difference is of the size of rounding; versions and labels are the same.",
            _advice(severity, causes),
            evidence=evidence,
        )
    ]


def _compared(examined: Examined) -> tuple[dict[str, float], dict[str, float]]:
    """The metrics that can be compared, as recorded and as they are now."""
    if examined.recorded is None:
        raise CannotLookError("the run has no recorded metrics")
    if not examined.own_test:
        raise CannotLookError("the documents are not those that the recorded metrics were measured on")
    recorded, evaluation = examined.recorded, examined.measured.evaluation
    if recorded.get("empty") != evaluation.settings.empty or recorded.get("k") != evaluation.basis.k:
        raise CannotLookError("the section evaluate was changed, so that the recorded metrics cannot be compared")
    same_sets = recorded.get("label_sets") == evaluation.basis.label_sets
    names = [name for name in evaluation.values if name in recorded and (same_sets or "@" in name)]
    names = [name for name in names if not name.startswith("PS") or _same_propensities(examined)]
    if not names:
        raise CannotLookError("the recorded metrics are others than those measured now")
    return {name: float(recorded[name]) for name in names}, {name: evaluation.values[name] for name in names}


def _same_propensities(examined: Examined) -> bool:
    settings = examined.measured.evaluation.settings
    assert examined.recorded is not None
    return examined.recorded.get("propensity") == {"a": settings.propensity_a, "b": settings.propensity_b}


def _shown(worst: str, then: dict[str, float]) -> list[str]:
    return list(dict.fromkeys([worst, *(name for name in ("P@1", "micro-F1") if name in then)]))


def _advice(severity: Severity, causes: list[str]) -> str:
    if severity != "serious":
        return "Keep the versions that the run was made with, or train again with those in use."
    return (
        "Do not use this copy. Take the run directory as it was written by the training, or train again; write labels "
        "in a fixed order and save every part of a model (vocabulary or tokenizer, all layers, label order) in one run."
    )


def _causes(examined: Examined, then: dict[str, float], evidence: dict[str, object]) -> Iterator[str]:
    yield from _versions(examined)
    order = _order_of_labels(examined, then, evidence)
    if order:
        yield order
        return
    said, explains = _vocabulary(examined, evidence)
    yield said
    if not explains:
        yield (
            "What remains are the weights: a part of the model was not saved or not loaded and was initialised anew, "
            "or another file took its place."
        )


def _versions(examined: Examined) -> Iterator[str]:
    then, now = examined.info.get("versions", {}), version_facts()
    other = [f"{name} {then[name]} then, {now[name]} now" for name in then if name in now and then[name] != now[name]]
    if other:
        yield f"Other versions are in use than at the training: {'; '.join(other)}."
    elif then:
        yield "The versions of Python and of all libraries are those of the training."


def _order_of_labels(examined: Examined, then: dict[str, float], evidence: dict[str, object]) -> str:
    """What speaks for another order of labels; empty where nothing does."""
    part, names = examined.measured, list(examined.labels.names)
    trained = None if isinstance(examined.trained, str) else examined.trained
    evidence["P@1 if labels were renamed"] = renamed = hits_if_renamed(part, trained)
    evidence["P@1 of the commonest label"] = common = commonest_share(part)
    now = float(part.hit_at_1[part.labelled].mean())
    expected = then.get("P@1", renamed)
    if renamed < max(now + 0.1, common + 0.05) or renamed < 0.6 * expected:
        return ""
    for said, order in _orders(examined, names):
        if order != names and hits_in_order(part, names, order) > 0.95 * expected:
            return (
                f"The order of the labels has changed: read as {said}, the very same scores give a P@1 of "
                f"{percent(hits_in_order(part, names, order))}. The label file of the run is not in the order in which "
                "the weights were trained (a set, for example, has another order in every process)."
            )
    return (
        f"The order of the labels has changed: with every label renamed to the one it goes with, P@1 is "
        f"{percent(renamed)} on documents that the names were not found on. The label file of the run is not in the "
        "order in which the weights were trained (a set, for example, has another order in every process)."
    )


def _orders(examined: Examined, names: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Orders in which labels are commonly written."""
    yield "labels sorted by name", sorted(names)
    if all(name.isdecimal() for name in names):
        yield "labels sorted by number", sorted(names, key=int)
    file = examined.run.config.data.labels
    if file is not None:
        try:
            space = read_labels(file.path, file.format, **file.options())
        except ManylabelError:
            return
        if len(space) == len(names) and set(space.names) == set(names):
            yield f"labels in the order of {file.path}", list(space.names)


def _vocabulary(examined: Examined, evidence: dict[str, object]) -> tuple[str, bool]:
    """Whether the stored vocabulary is the one that the training texts make, and whether that explains it."""
    stored = stored_vocabulary(examined)
    if stored is None:
        return "No other names of the labels explain it.", False
    if isinstance(examined.training, str):
        return f"No other names of the labels explain it; the vocabulary cannot be checked: {examined.training}.", False
    fresh = trained_vocabulary(examined)
    evidence["terms of the vocabulary in place"] = in_place = _in_place(stored, fresh)
    if in_place == 1.0:
        return "No other names of the labels explain it; the vocabulary is the one that the training texts make.", False
    known = float(np.isin(stored, fresh).mean()) if len(stored) else 0.0
    return (
        f"The vocabulary is not the one that the training texts make: of its {count(len(stored), 'term')} "
        f"{percent(known)} occur there, {percent(in_place)} in the same place. Words are looked up in the weights of "
        "other words.",
        True,
    )


def _in_place(stored: np.ndarray, fresh: np.ndarray) -> float:
    both = min(len(stored), len(fresh))
    longest = max(len(stored), len(fresh), 1)
    return float((stored[:both] == fresh[:both]).sum() / longest)
