"""What each source adds: alone, and by being there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from manylabel.combine.candidates import Candidates
from manylabel.combine.ranker import Judged, Ranker
from manylabel.combine.selection import best_candidates
from manylabel.combine.source import Source
from manylabel.core.labels import LabelSpace
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings

METRICS = ("P@1", "P@5", "PSP@5")
_K = 10
_DOCUMENTS = 2000


def contributions(
    sources: Mapping[str, Source],
    training: Judged,
    held_out: Judged,
    new_ranker: Callable[[], Ranker],
    labels: LabelSpace,
    *,
    seed: int,
) -> dict[str, Any]:
    """Measure every source on the held-out documents.

    Args:
        sources: by name, in the order of the candidates' columns.
        training: what rankers learn from here; at most 2,000 documents of it are used.
        held_out: what they are measured on.
        new_ranker: makes a ranker that has learned nothing.
        labels: with the number of training documents of each.
        seed: of the rankers.

    Returns:
        For all sources together (``all``) and for each one: ``finds``, the share of the true labels among its
        candidates; ``alone``, the metrics of its own ranking; ``without``, the metrics of a ranker that does without
        it. Metrics are ``P@1``, ``P@5``, ``PSP@5``, and under ``head``, ``torso`` and ``tail`` the same by group.
    """
    order = np.random.default_rng(seed).permutation(len(training.candidates))
    some = training.select(np.sort(order[:_DOCUMENTS]))

    def ranked(part: Judged, other: Judged) -> dict[str, Any]:
        ranker = new_ranker().fit(part, other, seed=seed)
        return _measure(other.candidates, ranker.score(other.candidates), other, labels)

    found = held_out.candidates.found
    report: dict[str, Any] = {"all": {"finds": _share(held_out, np.ones(len(found), bool)), **ranked(some, held_out)}}
    for number, (name, source) in enumerate(sources.items()):
        entry: dict[str, Any] = {"finds": _share(held_out, found[:, number])}
        ranks = held_out.candidates.features[:, held_out.candidates.names.index(f"{name}.rank")]
        entry["alone"] = _measure(held_out.candidates, -np.where(np.isnan(ranks), np.inf, ranks), held_out, labels)
        if len(sources) > 1 and source.idle is None:
            entry["without"] = ranked(some.without(name, number), held_out.without(name, number))
        report[name] = entry | ({} if source.idle is None else {"idle": source.idle})
    return report


def _share(judged: Judged, proposed: np.ndarray) -> float:
    """The share of the true labels that are among some candidates."""
    return float((judged.right & proposed).sum() / max(judged.truth.nnz, 1))


def _measure(candidates: Candidates, scores: np.ndarray, judged: Judged, labels: LabelSpace) -> dict[str, Any]:
    top = best_candidates(candidates, scores.astype(np.float32), _K, labels)
    evaluator = Evaluator(labels, Settings(metrics=METRICS, n_bootstrap=0), test_labels=labels)
    evaluator.update(top, judged.truth)
    result = evaluator.result()
    groups = {
        name: dict(group.values)
        for name, group in result.groups.items()
        if any(v is not None for v in group.values.values())
    }
    return {**result.values, **groups}
