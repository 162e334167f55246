"""Words of the text are put in a second time."""

from __future__ import annotations

from typing import Literal

import numpy as np

from manylabel.data.augment.base import WordAugmentation
from manylabel.text.places import is_unspaced


class WordInsertion(WordAugmentation):
    """Words of the text, drawn by chance, are put behind others; with a space, unless the script has none.

    The paper inserts synonyms, for which it needs a dictionary; these words bring nothing in that was not there.
    """

    kind: Literal["word-insertion"] = "word-insertion"

    def change(self, words: list[str], gaps: list[str], count: int, random: np.random.Generator) -> None:
        """See :meth:`WordAugmentation.change`."""
        source = list(words)
        for taken, place in random.integers(len(source), size=(count, 2)).tolist():
            word = source[taken]
            words[place] += word if _written_together(words[place], word) else f" {word}"
            touching = gaps[place + 1] == "" and place + 1 < len(words)
            if touching and not _written_together(word, words[place + 1]):
                words[place] += " "


def _written_together(one: str, other: str) -> bool:
    return is_unspaced(one, len(one) - 1, len(one)) and is_unspaced(other, 0, 1)
