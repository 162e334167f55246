"""Short passages of a text around the words that spoke for a label, cut into plain and marked pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from manylabel.text.places import Span

Mark = Literal["", "for", "against", "gap"]

_AROUND = 50  # characters shown on each side of a word
_SLACK = 15  # characters by which a cut may move to fall between words
_LEAST = 0.15  # of the strongest word; weaker ones are not marked


@dataclass(frozen=True)
class Piece:
    """A stretch of text.

    Attributes:
        text: as it stands, runs of white space as one blank.
        mark: whether it spoke for or against the label, or is a gap between passages.
    """

    text: str
    mark: Mark


def excerpt(text: str, units: Sequence[Span], values: np.ndarray, most: int = 480) -> list[Piece]:
    """The beginning of a text and the surroundings of its strongest words.

    Args:
        text: the whole text.
        units: its words, as spans in their order.
        values: float64 ``[u]``, what each word adds to the score.
        most: characters shown at most, about.
    """
    strongest = float(np.abs(values).max(initial=0.0))
    shown = [_widened(text, 0, min(len(text), 2 * _AROUND))] if text else []
    if len(text) <= most:
        shown = [(0, len(text))] if text else []
    else:
        for unit in np.argsort(-np.abs(values), kind="stable").tolist():
            if abs(values[unit]) < _LEAST * strongest or strongest == 0:
                break
            start, stop = units[unit]
            around = _merged([*shown, _widened(text, start - _AROUND, stop + _AROUND)])
            if sum(end - begin for begin, end in around) > most:
                break
            shown = around
    marks: list[tuple[Span, Mark]] = []
    for span, value in zip(units, values.tolist(), strict=True):
        if strongest and abs(value) >= _LEAST * strongest:
            marks.append((span, "for" if value > 0 else "against"))
    return _pieces(text, shown, marks)


def _widened(text: str, start: int, stop: int) -> Span:
    """Bounds moved outwards to the next blank, where one is near."""
    start, stop = max(start, 0), min(stop, len(text))
    for place in range(start, max(start - _SLACK, 0), -1):
        if text[place - 1].isspace():
            start = place
            break
    for place in range(stop, min(stop + _SLACK, len(text))):
        if text[place].isspace():
            stop = place
            break
    return (0 if start < _SLACK else start), (len(text) if len(text) - stop < _SLACK else stop)


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _pieces(text: str, shown: Sequence[Span], marks: Sequence[tuple[Span, Mark]]) -> list[Piece]:
    pieces: list[Piece] = []

    def add(start: int, stop: int, mark: Mark) -> None:
        stretch = text[start:stop]
        said = " ".join(stretch.split())
        said = " " * stretch[:1].isspace() + said + " " * (stretch[-1:].isspace() and bool(said))
        if said:
            pieces.append(Piece(said, mark))

    for start, stop in shown:
        if start > 0:
            pieces.append(Piece(" … ", "gap"))
        last = start
        for (begin, end), mark in marks:
            if begin >= last and end <= stop:
                add(last, begin, "")
                add(begin, end, mark)
                last = end
        add(last, stop, "")
    if shown and shown[-1][1] < len(text):
        pieces.append(Piece(" …", "gap"))
    return pieces
