"""Where the n-grams of a text stand in it as it was written: the way back from features to words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from manylabel.text.characters import UNSPACED, classes
from manylabel.text.preparation import strip_accents, strip_to_ascii
from manylabel.text.tfidf_config import TfidfConfig

Span = tuple[int, int]
"""First character and the one behind the last."""


@dataclass(frozen=True)
class Located:
    """The n-grams of one text.

    Attributes:
        units: the words ``[u]`` of the text in their order, as spans that do not overlap.
        terms: of each n-gram its occurrences; each lists the units it is made of. An n-gram of characters lists the
            unit of each of its characters, so that a unit that has more of them stands there more often; one of
            blanks alone lists nothing.
    """

    units: list[Span]
    terms: dict[str, list[list[int]]]


def word_spans(text: str) -> list[Span]:
    """The words of a text: runs of word characters; in scripts without spaces each character is one."""
    return [span for found in re.finditer(r"\w+", text) for span in _parted(text, found.start(), found.end())]


def is_unspaced(text: str, start: int, stop: int) -> bool:
    """Whether a span begins and ends in a script that puts no spaces between words."""
    return _unspaced(text[start]) and _unspaced(text[stop - 1])


def locate(text: str, config: TfidfConfig) -> Located:
    """The n-grams that TF-IDF makes of a text, and the words of the text that they are made of.

    Args:
        text: as it was written.
        config: with `analyzer` and `ngram_range` decided.
    """
    assert config.ngram_range is not None
    normal, origin = _normalised(text, config)
    if config.analyzer == "word":
        return _locate_words(normal, origin, config)
    # Punctuation is part of character n-grams, so here words are what stands between blanks.
    units = [span for found in re.finditer(r"\S+", text) for span in _parted(text, found.start(), found.end())]
    unit_of = np.full(len(text), -1, np.int64)
    for number, (start, stop) in enumerate(units):
        unit_of[start:stop] = number
    listed = _characters if config.analyzer == "char" else _padded
    terms: dict[str, list[list[int]]] = {}
    for term, places in listed(normal, origin, config.ngram_range):
        numbers = [int(unit_of[place]) for place in places if place >= 0]
        terms.setdefault(term, []).append([number for number in numbers if number >= 0])
    return Located(units, terms)


def _locate_words(normal: str, origin: Sequence[int], config: TfidfConfig) -> Located:
    assert config.ngram_range is not None
    pattern = re.compile(config.token_pattern)
    spans = [found.span(pattern.groups) for found in pattern.finditer(normal)]
    tokens = [normal[start:stop] for start, stop in spans]
    units = [(origin[start], origin[stop - 1] + 1) if stop > start else (0, 0) for start, stop in spans]
    shortest, longest = config.ngram_range
    terms: dict[str, list[list[int]]] = {}
    for size in range(shortest, min(longest, len(tokens)) + 1):
        for first in range(len(tokens) - size + 1):
            covered = list(range(first, first + size))
            terms.setdefault(" ".join(tokens[first : first + size]), []).append(covered)
    return Located(units, terms)


def _normalised(text: str, config: TfidfConfig) -> tuple[str, list[int]]:
    """The text as TF-IDF sees it, and the place in the original of each of its characters.

    Lower-casing and stripping may lengthen or drop characters, each on its own, so lengths add up.
    """
    strip = {None: None, "ascii": strip_to_ascii, "unicode": strip_accents}[config.strip_accents]

    def prepared(part: str) -> str:
        part = part.lower() if config.lowercase else part
        return strip(part) if strip is not None else part

    whole = prepared(text)
    if len(whole) == len(text) and text.isascii():
        return whole, list(range(len(text)))
    return whole, [place for place, character in enumerate(text) for _ in prepared(character)]


def _characters(
    normal: str, origin: Sequence[int], ngram_range: tuple[int, int]
) -> Iterator[tuple[str, Sequence[int]]]:
    """n-grams over the whole text, runs of two or more white spaces being one blank."""
    kept: list[str] = []
    places: list[int] = []
    for found in re.finditer(r"\s\s+|.", normal, flags=re.DOTALL):
        run = found.group()
        kept.append(" " if len(run) > 1 else run)
        places.append(origin[found.start()])
    for size in range(ngram_range[0], min(ngram_range[1], len(kept)) + 1):
        for first in range(len(kept) - size + 1):
            yield "".join(kept[first : first + size]), places[first : first + size]


def _padded(normal: str, origin: Sequence[int], ngram_range: tuple[int, int]) -> Iterator[tuple[str, Sequence[int]]]:
    """n-grams inside words with a blank before and after; a word shorter than an n-gram counts once."""
    for found in re.finditer(r"\S+", normal):
        word = f" {found.group()} "
        places = [-1, *(origin[place] for place in range(*found.span())), -1]
        for size in range(ngram_range[0], ngram_range[1] + 1):
            for first in range(max(len(word) - size, 0) + 1):
                yield word[first : first + size], places[first : first + size]
            if size >= len(word):
                break


def _parted(text: str, start: int, stop: int) -> Iterator[Span]:
    """A run of characters, cut into single ones where its script has no spaces between words."""
    begin = start
    if not text[start:stop].isascii():
        for place in range(start, stop):
            if _unspaced(text[place]):
                if begin < place:
                    yield begin, place
                yield place, place + 1
                begin = place + 1
    if begin < stop:
        yield begin, stop


def _unspaced(character: str) -> bool:
    return not character.isascii() and bool(classes()[ord(character)] & UNSPACED)
