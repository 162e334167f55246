"""A threshold that does not fit these scores, or no longer."""

from __future__ import annotations

import numpy as np

from manylabel.core.finding import Finding
from manylabel.report.doctor.examined import CannotLookError, Examined, Part
from manylabel.report.doctor.settings import known_to
from manylabel.report.doctor.wording import percent, points

_WORTH_IT, _MUCH = 0.02, 0.05
_FEWEST = 50


def threshold(examined: Examined) -> list[Finding]:
    """See what one better threshold would give, chosen on one half of the documents and measured on the other.

    The halves keep it honest: a threshold measured where it was chosen always looks better than it is.
    """
    part = examined.measured
    examined.enough(_FEWEST)
    if part.evaluation.basis.label_sets.startswith("decision"):
        return _decision(examined)
    cells = _Cells.of(part)
    half = np.random.default_rng(0).permutation(len(part)) < len(part) // 2
    now, better = [], []
    for inside in (half, ~half):
        chosen = cells.best(inside)
        better.append(cells.f1_above(chosen, ~inside))
        now.append(_f1(part, ~inside))
    gain = float(np.mean(better) - np.mean(now))
    if gain < _WORTH_IT:
        return []
    best = cells.best(np.ones(len(part), dtype=bool))
    returned = float(part.sets.nnz / len(part))
    true = float(part.corpus.positives.nnz / len(part))
    said = "fewer" if returned < true else "more"
    return [
        Finding(
            "threshold",
            "warning" if gain >= _MUCH else "note",
            f"With one other threshold for all labels, micro-F1 would be {percent(float(np.mean(better)))} instead of "
            f"{percent(float(np.mean(now)))} (chosen on one half of the documents, measured on the other).",
            f"{returned:.2f} labels are returned for a document, {said} than the {true:.2f} it has: the rule "
            f"({part.evaluation.basis.label_sets}) does not fit these scores, {points(gain)} are lost.",
            "Fit a decision on held-out documents: manylabel decide RUN --method global, or per-label for macro "
            "averages. The threshold below was found on these documents and is only to try.",
            settings=known_to(examined, [f"evaluate.threshold={best:.4g}"]),
            evidence={
                "micro-F1 now": float(np.mean(now)),
                "micro-F1 with another threshold": float(np.mean(better)),
                "labels returned": returned,
                "labels true": true,
            },
        )
    ]


def _decision(examined: Examined) -> list[Finding]:
    """A fitted decision is held to what it promised: on new documents it should be as good as when it was fitted."""
    decision, part = examined.run.decision, examined.measured
    promised = {} if decision is None else decision.facts.get("metrics", {})
    if decision is None or "micro-F1" not in promised:
        raise CannotLookError("the decision does not say how good it was when it was fitted")
    then, now = float(promised["micro-F1"]), part.evaluation.values["micro-F1"]
    low, high = part.evaluation.intervals.get("micro-F1", (now, now))
    returned, expected = float(part.sets.nnz / len(part)), float(decision.facts["labels_per_document"])
    if then - now < _WORTH_IT or then <= high:
        return []
    return [
        Finding(
            "threshold",
            "warning" if then - now >= _MUCH else "note",
            f"The decision {decision.kind} had a micro-F1 of {percent(then)} on the documents that it was fitted on, "
            f"and has {percent(now)} ({percent(low)} to {percent(high)}) on these.",
            f"It returns {returned:.2f} labels for a document and returned {expected:.2f} then: the scores of today's "
            "documents are not those that it was fitted to, or it was fitted to chance.",
            f"Fit it anew on documents of today that the model did not learn from: manylabel decide RUN FILE --method "
            f"{decision.kind}. If it still falls behind, take a method with fewer numbers to learn: global, or "
            "per-frequency.",
            evidence={
                "micro-F1 when it was fitted": then,
                "micro-F1 now": now,
                "labels returned when it was fitted": expected,
                "labels returned now": returned,
            },
        )
    ]


def _f1(part: Part, rows: np.ndarray) -> float:
    chosen = rows & part.labelled
    sets, truth = part.sets[chosen], part.truth[chosen]
    return 2 * float(sets.multiply(truth).nnz) / max(float(sets.nnz + part.corpus.positives[chosen].nnz), 1.0)


class _Cells:
    """Scores and hits of all listed labels, to try thresholds on."""

    def __init__(self, rows: np.ndarray, scores: np.ndarray, hits: np.ndarray, true: np.ndarray) -> None:
        self._rows, self._scores, self._hits, self._true = rows, scores, hits, true

    @classmethod
    def of(cls, part: Part) -> _Cells:
        """Those of the documents with labels."""
        listed = (part.topk.indices >= 0) & part.labelled[:, None]
        rows = np.nonzero(listed)[0]
        hits = np.asarray(part.truth[rows, part.topk.indices[listed]]).ravel()
        true = np.where(part.labelled, np.diff(part.corpus.positives.indptr), 0)
        return cls(rows, part.topk.scores[listed].astype(np.float64), hits, true)

    def best(self, documents: np.ndarray) -> float:
        """The threshold with the highest micro-F1 on some documents, bool ``[n]``."""
        inside = documents[self._rows]
        order = np.argsort(-self._scores[inside], kind="stable")
        scores, hits = self._scores[inside][order], np.cumsum(self._hits[inside][order])
        f1 = 2 * hits / (np.arange(1, len(hits) + 1) + self._true[documents].sum())
        # Equal scores come together: only the last of them is a place to cut.
        last = np.append(scores[1:] != scores[:-1], True)
        return float(scores[last][int(np.argmax(f1[last]))])

    def f1_above(self, threshold: float, documents: np.ndarray) -> float:
        """micro-F1 of the labels from a score on, on some documents."""
        chosen = documents[self._rows] & (self._scores >= threshold)
        return 2 * float(self._hits[chosen].sum()) / max(float(chosen.sum() + self._true[documents].sum()), 1.0)
