"""Why a model gives a text a label: what each word of the text adds to the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from manylabel.core.topk import ScoreKind
from manylabel.text.places import Span, is_unspaced

_NEIGHBOURS = 0.25  # of the strongest: characters at least so strong are told together with their neighbours
_MATTERS = 0.05  # of the score: what a word must take from it to be worth telling
_PUNCTUATION = " \t\n.,;:!?()[]{}\"'“”‘’«»…-–—/"


@dataclass(frozen=True)
class Word:
    """A word of the text and all it adds, its repetitions together.

    Attributes:
        text: as it stands in the text where it comes first.
        value: what its occurrences add together.
        count: number of occurrences.
    """

    text: str
    value: float
    count: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return vars(self)


@dataclass(frozen=True, eq=False)
class Step:
    """One decision on the way to a label.

    Attributes:
        name: what is decided there: ``label`` the label itself, ``path`` the clusters of a tree that lead to it.
        values: float64 ``[u]``, what each unit of the text adds.
        bias: what is there without any word.
        blanks: what n-grams of blanks alone add.
    """

    name: str
    values: np.ndarray
    bias: float = 0.0
    blanks: float = 0.0

    @property
    def total(self) -> float:
        """What all of it adds up to: for linear models the margin."""
        return float(self.values.sum()) + self.bias + self.blanks


@dataclass(frozen=True, eq=False)
class LabelExplanation:
    """One label of one text.

    Attributes:
        label: index of the label.
        name: its name.
        score: as the model predicts it.
        steps: the label's own decision last.
    """

    label: int
    name: str
    score: float
    steps: tuple[Step, ...]

    @cached_property
    def values(self) -> np.ndarray:
        """float64 ``[u]``: what each unit of the text adds, all steps together."""
        return np.sum([step.values for step in self.steps], axis=0)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Labels of one text, and what its words add to each.

    Attributes:
        text: the text.
        units: its words ``[u]``, as spans of characters.
        method: ``weights`` (exact, of linear models) or ``occlusion`` (scores taken again with words left out).
        note: a sentence that says what the values are.
        kind: what a score is.
        labels: the best first, or as asked for.
    """

    text: str
    units: Sequence[Span]
    method: str
    note: str
    kind: ScoreKind
    labels: tuple[LabelExplanation, ...]

    def words(self, values: np.ndarray, most: int = 8) -> tuple[list[Word], list[Word]]:
        """The words that speak for and against, the strongest first; repetitions of a word count together.

        Args:
            values: ``[u]``, of a label or of one of its steps.
            most: number of words on each side at most.
        """
        found: dict[str, Word] = {}
        for start, stop, value in self._pieces(values):
            said = self.text[start:stop].strip(_PUNCTUATION)
            known = found.get(said.casefold())
            if said:
                found[said.casefold()] = Word(
                    known.text if known else said,
                    value + (known.value if known else 0.0),
                    1 + (known.count if known else 0),
                )
        ordered = sorted(found.values(), key=lambda word: -abs(word.value))
        speaking = [word for word in ordered if word.value > 0][:most], [word for word in ordered if word.value < 0]
        return speaking[0], speaking[1][:most]

    def undecided(self, explained: LabelExplanation) -> bool:
        """Whether no word alone matters to a label: each can be left out, since the others say enough.

        Never so of explanations by weights, where every word has a part of its own.
        """
        most = float(np.abs(explained.values).max(initial=0.0))
        return self.method == "occlusion" and most < _MATTERS * abs(explained.score)

    def to_dict(self, most: int = 8) -> dict[str, Any]:
        """JSON-ready.

        Args:
            most: number of words on each side of a label at most.
        """
        labels = []
        for one in self.labels:
            steps = []
            for step in one.steps:
                speaking = zip(("for", "against"), self.words(step.values, most), strict=True)
                words = {side: [word.to_dict() for word in found] for side, found in speaking}
                steps.append({"step": step.name, "bias": step.bias, "total": step.total, **words})
            labels.append({"label": one.name, "score": one.score, "steps": steps})
        return {"method": self.method, "note": self.note, "score": self.kind, "labels": labels}

    def _pieces(self, values: np.ndarray) -> list[tuple[int, int, float]]:
        """Units with their values; of a script without spaces, strong neighbours of one sign are one piece."""
        pieces: list[tuple[int, int, float]] = []
        strong = _NEIGHBOURS * float(np.abs(values).max(initial=0.0))
        joins = False  # whether the piece before may take this one in
        for (start, stop), value in zip(self.units, values.tolist(), strict=True):
            joinable = abs(value) >= strong and value != 0 and stop > start and is_unspaced(self.text, start, stop)
            if joins and joinable and pieces[-1][1] == start and (pieces[-1][2] > 0) == (value > 0):
                first, _, sum_before = pieces[-1]
                pieces[-1] = (first, stop, sum_before + value)
            else:
                pieces.append((start, stop, value))
            joins = joinable
        return pieces
