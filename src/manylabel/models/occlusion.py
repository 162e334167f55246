"""Explanations of any model: take the score again with words left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from manylabel.core.errors import InputError
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.models.explanation import Explanation, LabelExplanation, Step
from manylabel.text.places import Span, word_spans

if TYPE_CHECKING:
    from manylabel.models.base import Model

_MOST_GROUPS = 200  # variants of a text that are scored at once
_REFINED = 20  # groups of a long text whose words are then left out one by one
_MOST_REFINED = 200
_DEPTH = 100  # a label that falls out of so many best has lost all its score
_MOST_LABELS = 10_000


def explain_by_occlusion(model: Model, text: str, k: int, wanted: Sequence[int] | None) -> Explanation:
    """What leaving out each word of a text, all its repetitions at once, takes from the scores of labels.

    A text of more than 200 different words is left out in groups of neighbours first; then the words of the 20
    groups that matter most, one by one, while the others share what their group takes. So no text takes more than
    about 400 predictions. Source: Zeiler and Fergus 2014, on words instead of patches.

    Args:
        model: fitted on texts.
        text: the text.
        k: number of best labels to explain.
        wanted: indices of the labels to explain instead.

    Raises:
        InputError: a wanted label is not among those that the model lists for the text.
    """
    units = word_spans(text)
    depth = min(len(model.labels), max(k, _DEPTH) if wanted is None else _MOST_LABELS)
    whole = model.predict([text], depth)
    chosen = _chosen(model, whole, k, wanted)
    base = _scores(whole, chosen)[0]

    def drops(groups: Sequence[Sequence[Sequence[int]]]) -> np.ndarray:
        """float64 ``[groups, labels]``: what the scores lose without each group of words."""
        variants = [_without(text, units, [unit for word in group for unit in word]) for group in groups]
        return base - _scores(model.predict(variants, depth), chosen)

    words = _repetitions(text, units)
    size = max(1, -(-len(words) // _MOST_GROUPS))
    groups = [words[start : start + size] for start in range(0, len(words), size)]
    values = np.zeros((len(units), len(chosen)))
    lost = drops(groups) if groups else np.zeros((0, len(chosen)))
    for group, loss in zip(groups, lost, strict=True):
        _share(values, group, loss)
    if size > 1:
        strongest = np.argsort(-np.abs(lost).max(axis=1), kind="stable")[:_REFINED]
        single = [[word] for number in strongest.tolist() for word in groups[number]][:_MOST_REFINED]
        for group, loss in zip(single, drops(single), strict=True):
            _share(values, group, loss)
    labels = tuple(
        LabelExplanation(label, model.labels.names[label], float(base[place]), (Step("label", values[:, place]),))
        for place, label in enumerate(chosen)
    )
    return Explanation(text, units, "occlusion", _note(whole.kind, size), whole.kind, labels)


def _chosen(model: Model, whole: TopK, k: int, wanted: Sequence[int] | None) -> list[int]:
    if wanted is None:
        return [label for label in whole.indices[0, :k].tolist() if label != NO_LABEL]
    listed = set(whole.indices[0].tolist())
    for label in wanted:
        if label not in listed:
            raise InputError(
                f"label {model.labels.names[label]!r} is not among the candidates of the model for this text, "
                "so there is nothing to explain"
            )
    return list(wanted)


def _repetitions(text: str, units: Sequence[Span]) -> list[list[int]]:
    """The units of each different word, in the order in which words come first."""
    found: dict[str, list[int]] = {}
    for number, (start, stop) in enumerate(units):
        found.setdefault(text[start:stop].casefold(), []).append(number)
    return list(found.values())


def _without(text: str, units: Sequence[Span], left_out: Sequence[int]) -> str:
    parts, last = [], 0
    for start, stop in sorted(units[number] for number in left_out):
        parts.append(text[last:start])
        last = stop
    return " ".join([*parts, text[last:]])


def _scores(topk: TopK, labels: Sequence[int]) -> np.ndarray:
    """float64 ``[n, labels]``; a label that is not listed has the lowest score there can be, as far as is known."""
    lowest = np.where(np.isfinite(topk.scores), topk.scores, np.inf).min(axis=1, initial=np.inf)
    lowest = np.zeros(len(topk)) if topk.kind == "probability" else np.where(np.isfinite(lowest), lowest, 0.0)
    found = np.repeat(lowest[:, None].astype(np.float64), len(labels), axis=1)
    for place, label in enumerate(labels):
        rows, columns = np.nonzero(topk.indices == label)
        found[rows, place] = topk.scores[rows, columns]
    return found


def _share(values: np.ndarray, group: Sequence[Sequence[int]], loss: np.ndarray) -> None:
    """The words of a group share alike, and so do the repetitions of a word."""
    for word in group:
        values[word] = loss / (len(group) * len(word))


def _note(kind: str, size: int) -> str:
    said = f"what the {kind} loses when the word is left out everywhere in the text"
    if size == 1:
        return said
    return f"{said}; the text is long: words were left out {size} at a time, and one by one where that mattered most"
