"""One target on one group of labels: the threshold that keeps it, and what that rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from manylabel.core.errors import InputError
from manylabel.decide import risk
from manylabel.decide.examples import Examples
from manylabel.decide.targets import Target
from manylabel.metrics.groups import GROUPS

DEFAULT_CONFIDENCE = 0.9
_SHARE_FOR_THE_PATH = 0.25
_THRESHOLDS_TESTED = 200
_FEWEST = 8
_MOST_DOCUMENTS = 0.99
_ROOM = 1.5

Excess = Callable[["GroupExamples", float], np.ndarray]


@dataclass(frozen=True, eq=False)
class GroupExamples:
    """What documents say of one group of labels.

    Attributes:
        scores: float32 ``[n, w]``, of the listed labels of the group, in the order of the list, ``-inf`` at the end.
        hits: bool ``[n, w]``.
        true: int64 ``[n]``, true labels of the group, listed or not.
    """

    scores: np.ndarray
    hits: np.ndarray
    true: np.ndarray

    @classmethod
    def of(cls, examples: Examples, group: str | None) -> GroupExamples:
        """The group of this name; None for all labels."""
        concerns = np.full(len(examples.groups), True) if group is None else examples.groups == GROUPS.index(group)
        own = examples.present & concerns[examples.topk.indices]
        lengths = own.sum(axis=1)
        width = max(int(lengths.max(initial=0)), 1)
        scores = np.full((len(examples), width), -np.inf, np.float32)
        hits = np.zeros((len(examples), width), bool)
        rows = np.repeat(np.arange(len(examples)), lengths)
        columns = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        scores[rows, columns], hits[rows, columns] = examples.topk.scores[own], examples.hits[own]
        truth = examples.truth
        of_group = np.concatenate([[0], np.cumsum(concerns[truth.indices])])
        return cls(scores, hits, np.diff(of_group[truth.indptr]))

    def select(self, rows: np.ndarray) -> GroupExamples:
        """Some of the documents."""
        return GroupExamples(self.scores[rows], self.hits[rows], self.true[rows])

    def first(self, width: int) -> GroupExamples:
        """Only so many labels of each list."""
        return GroupExamples(self.scores[:, :width], self.hits[:, :width], self.true)


@dataclass(frozen=True)
class Controlled:
    """A target that is kept.

    Attributes:
        target: the target.
        threshold: lowest score of an assigned label of the group.
        most: labels of the group that a document gets at most; None for no limit.
        over_documents: recall and precision as a mean over documents instead of over pairs.
        confidence: chance that the target is kept; None where it is kept in expectation.
        documents: documents that it rests on.
        true_labels: their true labels of the group.
        smallest: documents (recall in expectation over pairs: true labels) without which no model could keep it.
        reached: the recall or precision on these documents themselves.
    """

    target: Target
    threshold: float
    most: int | None
    over_documents: bool
    confidence: float | None
    documents: int
    true_labels: int
    smallest: int
    reached: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Controlled:
        """Read what :meth:`to_dict` gave."""
        return cls(**{**values, "target": Target(**values["target"])})

    def describe(self) -> list[str]:
        """Threshold, guarantee and assumptions in words."""
        target = self.target
        level = f"{100 * target.level:g} %"
        if target.measure == "recall":
            what = f"of the true labels at least {level} are assigned"
        else:
            what = f"of the assigned labels at least {level} are right"
        if self.over_documents:
            owners = "with such labels" if target.measure == "recall" else "that get such labels"
            what += f", as a mean over documents {owners}"
        if self.confidence is None:
            how = "on average over sets of calibration documents like this one"
        else:
            how = f"with a probability of at least {self.confidence:g} over sets of calibration documents like this one"
        unit = "true labels" if self.confidence is None and not self.over_documents else "documents"
        limit = "" if self.most is None else f", at most {self.most} of them for a document"
        return [
            f"{target}: {target.who} with a score of at least {self.threshold:.4g}{limit}",
            f"  guarantee: {what}, {how}; here {100 * self.reached:.1f} %",
            "  assumption: documents to come are like these, drawn alike and independently of the training"
            + ("" if self.over_documents or target.measure == "precision" else ", with no more labels each"),
            f"  rests on {self.documents:,} documents with {self.true_labels:,} such labels; needs at least "
            f"{self.smallest:,} {unit}, from a model without faults",
        ]


def control(
    group: GroupExamples, target: Target, *, over_documents: bool, confidence: float | None, seed: int
) -> Controlled:
    """Find the threshold of a target.

    Args:
        group: what the documents say of its labels.
        target: with a group of its own, or of all labels.
        over_documents: see :class:`Controlled`.
        confidence: see :class:`Controlled`; precision has 0.9 by default.
        seed: of the order of the documents.

    Raises:
        InputError: no such labels, too few documents, or a model too weak.
    """
    if target.measure == "precision" and confidence is None:
        confidence = DEFAULT_CONFIDENCE
    if not group.true.any():
        raise InputError(f"target {target}: no document has {_such(target)}", remedy="name other groups or documents")
    if not np.isfinite(group.scores).any():
        raise InputError(f"target {target}: {_such(target)} is in no list", remedy="raise --k, or name other groups")
    most = None
    if confidence is None:
        threshold, smallest, used = _conformal(group, target, over_documents)
    else:
        threshold, most, used = _tested(group, target, over_documents, confidence, seed)
        smallest = risk.smallest_for_bets(target.level, confidence)
        smallest = int(np.ceil(smallest / (1 - _SHARE_FOR_THE_PATH)))
    return Controlled(
        target=target,
        threshold=threshold,
        most=most,
        over_documents=over_documents,
        confidence=confidence,
        documents=int((used.true > 0).sum()) if target.measure == "recall" else len(used.true),
        true_labels=int(used.true.sum()),
        smallest=smallest,
        reached=_reached(group if most is None else group.first(most), threshold, target, over_documents),
    )


def _conformal(group: GroupExamples, target: Target, over_documents: bool) -> tuple[float, int, GroupExamples]:
    smallest = risk.smallest_for_recall(target.level, int(group.true.max()), over_documents=over_documents)
    size, unit = (int((group.true > 0).sum()), "documents with such labels") if over_documents else (
        int(group.true.sum()), "such labels given")  # fmt: skip
    if size < smallest:
        raise InputError(
            f"target {target}: {size} {unit} are too few, it needs at least {smallest} even if the model were without "
            "fault",
            remedy="take more documents, or a lower target",
        )
    threshold = risk.conformal_recall_threshold(
        group.scores, group.hits, group.true, target.level, over_documents=over_documents
    )
    if threshold is None:
        highest = _reached(group, -np.inf, target, over_documents)
        raise InputError(
            f"target {target} cannot be kept: all listed labels together reach {100 * highest:.1f} % of {target.who} "
            f"on {size} {unit}",
            remedy="raise --k, lower the target, or train a model that ranks these labels higher",
        )
    return threshold, smallest, group


def _tested(
    group: GroupExamples, target: Target, over_documents: bool, confidence: float, seed: int
) -> tuple[float, int | None, GroupExamples]:
    """Learn then test: a part of the documents says which thresholds are worth testing and in which order."""
    smallest = int(np.ceil(risk.smallest_for_bets(target.level, confidence) / (1 - _SHARE_FOR_THE_PATH)))
    concerned = group.select(np.flatnonzero(group.true > 0)) if target.measure == "recall" else group
    n = len(concerned.true)
    if n < max(smallest, _FEWEST):
        raise InputError(
            f"target {target}: {n} documents are too few, it needs at least {max(smallest, _FEWEST)} even if the model "
            "were without fault",
            remedy="take more documents, a lower target or a lower confidence",
        )
    order = np.random.default_rng(seed).permutation(n)
    cut = int(n * _SHARE_FOR_THE_PATH)
    path, rest = concerned.select(order[:cut]), concerned.select(order[cut:])
    most: int | None = None
    if target.measure == "precision":
        # The fewer labels a document may get, the more each bet can tell; few documents have so many true ones.
        most = max(int(np.ceil(_ROOM * np.quantile(path.true, _MOST_DOCUMENTS))), 1)
        path, rest = path.first(most), rest.first(most)
    excess, bound = _excess(target, over_documents, most, int(path.true.max(initial=1)))
    tried = _thresholds(path, target, excess)
    accepted, p = None, 1.0
    for threshold in tried:
        p = risk.betting_p_value(excess(rest, threshold), bound, target.level, excess(path, threshold))
        if p > 1 - confidence:
            break
        accepted = float(threshold)
    if accepted is None:
        at_best = _reached(rest, float(tried[0]), target, over_documents)
        raise InputError(
            f"target {target} cannot be kept with confidence {confidence:g}: where it looks best it reaches "
            f"{100 * at_best:.1f} % on {len(rest.true)} documents (p = {p:.2g}, needed {1 - confidence:.2g})",
            remedy="take more documents, a lower target, or a better model",
        )
    return accepted, most, rest


def _excess(target: Target, over_documents: bool, most: int | None, largest: int) -> tuple[Excess, float]:
    """What must have a mean of at most 0, and its scale."""
    level = target.level
    if target.measure == "precision":
        assert most is not None
        if over_documents:
            return lambda group, t: risk.excess_false_share(group.scores, group.hits, t, level), 1.0
        return lambda group, t: risk.excess_precision(group.scores, group.hits, t, level), float(most)
    bound = 1.0 if over_documents else float(2 * largest)

    def missed(group: GroupExamples, threshold: float) -> np.ndarray:
        lost = risk.excess_missed(group.scores, group.hits, threshold, level, group.true, over_documents)
        # Documents with more labels than are allowed for would break the bound; they count as much as it allows.
        return np.clip(lost, -(1 - level) * bound, level * bound)

    return missed, bound


def _thresholds(path: GroupExamples, target: Target, excess: Excess) -> np.ndarray:
    """Thresholds in the order of their testing: for precision from the one that looks safest downwards, for recall from
    the lowest upwards."""
    scores = np.unique(path.scores[np.isfinite(path.scores) & (path.hits | (target.measure == "precision"))])
    if len(scores) == 0:
        scores = np.unique(path.scores[np.isfinite(path.scores)])
    if len(scores) == 0:
        return np.array([np.inf])
    grid = scores[np.unique(np.linspace(0, len(scores) - 1, _THRESHOLDS_TESTED).astype(np.int64))]
    if target.measure == "recall":
        return grid
    evidence = []
    for threshold in grid:
        lost = excess(path, float(threshold))
        evidence.append(-lost.mean() / (lost.std() / np.sqrt(len(lost)) + 1e-12) if lost.any() else -np.inf)
    return grid[: int(np.argmax(evidence)) + 1][::-1]


def _reached(group: GroupExamples, threshold: float, target: Target, over_documents: bool) -> float:
    """Recall or precision of a threshold on some documents."""
    chosen = np.isfinite(group.scores) & (group.scores >= threshold)
    right, assigned = (chosen & group.hits).sum(axis=1), chosen.sum(axis=1)
    base = group.true if target.measure == "recall" else assigned
    if over_documents:
        return float((right[base > 0] / base[base > 0]).mean()) if (base > 0).any() else 0.0
    return float(right.sum() / base.sum()) if base.sum() else 0.0


def _such(target: Target) -> str:
    return "a label" if target.group is None else f"a label of the group {target.group}"
