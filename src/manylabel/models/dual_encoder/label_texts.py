"""What is read of labels: their names, texts, other names and parents, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import Progress
from manylabel.models.dual_encoder.config import LabelTextConfig

_STEPS = 16
"""Parents above a label that are named at most; a circle of parents ends there too."""
_SHOWN = 3
_PATH = " > "


def texts_of_labels(labels: LabelSpace, config: LabelTextConfig) -> list[str]:
    """The texts that are read of the L labels.

    Raises:
        InputError: a label has no text, and all must have one.
    """
    if config.required:
        require_texts(labels)
    return [_text_of(labels, number, config) for number in range(len(labels))]


def require_texts(labels: LabelSpace) -> None:
    """Make sure that every label has a text.

    Raises:
        InputError: one has none, or an empty one; names the first of them.
    """
    lacking = [labels.names[number] for number in np.flatnonzero(~have_texts(labels)).tolist()]
    if lacking:
        raise InputError(
            f"{len(lacking):,} of {len(labels):,} labels have no text, and model.label_text.required asks for one: "
            f"{_named(lacking)}",
            remedy="give a label file that has them, or leave label_text.required out: names are read then",
        )


def have_texts(labels: LabelSpace) -> np.ndarray:
    """Which labels have a text that is not empty, bool ``[L]``."""
    texts = labels.texts
    if texts is None:
        return np.zeros(len(labels), bool)
    return np.array([bool(text and text.strip()) for text in texts], bool)


def warn_of_twins(texts: Sequence[str], labels: LabelSpace, progress: Progress) -> int:
    """Say which labels read alike: their scores are equal and ordered by index. Gives how many labels have a twin."""
    times = Counter(texts)
    groups: dict[str, list[str]] = {}
    for number, text in enumerate(texts):
        if times[text] > 1:
            groups.setdefault(text, []).append(labels.names[number])
    alike = sum(map(len, groups.values()))
    if alike:
        first = next(iter(groups.values()))
        progress.note(
            f"{alike:,} labels have the same text as another one, e.g. {_named(first)}: equal scores, in the order of "
            "the label space; free_vectors: all would tell them apart"
        )
    return alike


def _text_of(labels: LabelSpace, number: int, config: LabelTextConfig) -> str:
    found: list[str] = []
    for part in config.parts:
        if part == "name":
            found.append(labels.names[number])
        elif part == "text":
            found.append(_own(labels, number))
        elif part == "alternatives":
            found += labels.alternatives[number] if labels.alternatives is not None else ()
        else:
            found.append(_PATH.join(_parents(labels, number)))
    return config.separator.join(part for part in found if part.strip()) or labels.names[number]


def _own(labels: LabelSpace, number: int) -> str:
    text = labels.texts[number] if labels.texts is not None else None
    return text if text and text.strip() else labels.names[number]


def _parents(labels: LabelSpace, number: int) -> list[str]:
    """Texts of the first parent, its first parent and so on, from the top; a parent that is no label by its name."""
    path: list[str] = []
    seen = {labels.names[number]}
    while labels.parents is not None and number >= 0 and labels.parents[number] and len(path) < _STEPS:
        parent = labels.parents[number][0]
        if parent in seen:
            break
        seen.add(parent)
        number = labels.get(parent)
        path.append(_own(labels, number) if number >= 0 else parent)
    return path[::-1]


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
