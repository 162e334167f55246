"""Words are left out."""

from __future__ import annotations

from typing import Literal

import numpy as np

from manylabel.data.augment.base import WordAugmentation


class WordDeletion(WordAugmentation):
    """Words drawn by chance are left out, all but one at most; the spaces and marks around them stay."""

    kind: Literal["word-deletion"] = "word-deletion"

    def change(self, words: list[str], gaps: list[str], count: int, random: np.random.Generator) -> None:
        """See :meth:`WordAugmentation.change`."""
        for place in random.choice(len(words), size=min(count, len(words) - 1), replace=False).tolist():
            words[place] = ""
