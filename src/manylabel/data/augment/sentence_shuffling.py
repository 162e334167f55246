"""Sentences change places."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from manylabel.data.augment.base import Augmentation, cut, joined

# A full stop ends a sentence before white space only (3.5, example.org), an ideographic one anywhere. The look behind
# keeps a long row of dots from being tried from each of its dots.
_END = re.compile(r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s)|[。！？｡]++[”’」』）]*+|\n""")


class SentenceShuffling(Augmentation):
    """The sentences of a text in random order; white space between them stays where it is.

    A sentence ends with a full stop, question or exclamation mark, or with its line. For documents of many sentences
    that are cut to what an encoder can read, each epoch so reads others.
    """

    kind: Literal["sentence-shuffling"] = "sentence-shuffling"

    def changed(self, text: str, random: np.random.Generator) -> str:
        """See :meth:`Augmentation.changed`."""
        sentences, gaps = cut(text, sentence_spans(text))
        order = random.permutation(len(sentences)).tolist()
        return joined([sentences[place] for place in order], gaps)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of a text without the white space around them, as first characters and those behind the last."""
    spans = []
    start = 0
    for stop in [*(found.end() for found in _END.finditer(text)), len(text)]:
        part = text[start:stop]
        length = len(part.strip())
        if length:
            first = start + len(part) - len(part.lstrip())
            spans.append((first, first + length))
        start = stop
    return spans
