"""Words change places."""

from __future__ import annotations

from typing import Literal

import numpy as np

from manylabel.data.augment.base import WordAugmentation


class WordSwap(WordAugmentation):
    """As often as there are words to change, two words of the text, drawn by chance, change places."""

    kind: Literal["word-swap"] = "word-swap"

    def change(self, words: list[str], gaps: list[str], count: int, random: np.random.Generator) -> None:
        """See :meth:`WordAugmentation.change`."""
        if len(words) < 2:
            return
        for _ in range(count):
            one, other = random.choice(len(words), size=2, replace=False).tolist()
            words[one], words[other] = words[other], words[one]
