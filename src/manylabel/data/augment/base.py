"""What every augmentation is; words and the gaps between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from pydantic import Field

from manylabel.core.config import Section
from manylabel.text.places import word_spans


class Augmentation(Section, ABC):
    """Base of all augmentations: a section of constants with its method. Only for training texts."""

    probability: float = Field(default=0.5, ge=0, le=1, description="Chance of a text to be changed.")

    def texts(self, texts: Sequence[str], random: np.random.Generator) -> list[str]:
        """The texts, some of them changed; what is not touched stays as it is to the last byte.

        Args:
            texts: n texts; a text with nothing to change stays, and none becomes empty.
            random: its state decides everything that is left to chance.

        Returns:
            n texts in the same order.
        """
        touched = random.random(len(texts)) < self.probability
        return [self.changed(text, random) if chosen else text for text, chosen in zip(texts, touched, strict=True)]

    @abstractmethod
    def changed(self, text: str, random: np.random.Generator) -> str:
        """One text, changed."""


class WordAugmentation(Augmentation):
    """Base of augmentations that change a share of a text's words.

    A word is a run of letters and digits; in scripts without spaces, such as Chinese, every character is one.

    The four ways to change words follow Wei and Zou, EDA: Easy Data Augmentation Techniques for Boosting Performance on
    Text Classification Tasks (EMNLP 2019), section 2, who take a tenth of the words or less.
    """

    share: float = Field(default=0.1, gt=0, le=1, description="Share of the words to change; at least one word.")

    def changed(self, text: str, random: np.random.Generator) -> str:
        """See :meth:`Augmentation.changed`."""
        words, gaps = cut(text, word_spans(text))
        if not words:
            return text
        self.change(words, gaps, max(1, round(self.share * len(words))), random)
        return joined(words, gaps)

    @abstractmethod
    def change(self, words: list[str], gaps: list[str], count: int, random: np.random.Generator) -> None:
        """Change the words of a text in place.

        Args:
            words: at least one; an empty string takes one out.
            gaps: what stands before, between and after the words: one more than words.
            count: how many words to change, at least 1 and at most all.
            random: for the choice.
        """


def cut(text: str, spans: Sequence[tuple[int, int]]) -> tuple[list[str], list[str]]:
    """The parts of a text, and what stands before, between and after them: one more."""
    starts = [start for start, _ in spans]
    stops = [stop for _, stop in spans]
    gaps = [text[a:b] for a, b in zip([0, *stops], [*starts, len(text)], strict=True)]
    return [text[a:b] for a, b in spans], gaps


def joined(parts: Sequence[str], gaps: Sequence[str]) -> str:
    """The text of parts and gaps, as :func:`cut` gives them."""
    return gaps[0] + "".join(part + gap for part, gap in zip(parts, gaps[1:], strict=True))
