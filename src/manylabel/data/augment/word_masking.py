"""Words give way to a mask token."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from manylabel.data.augment.base import WordAugmentation


class WordMasking(WordAugmentation):
    """Words drawn by chance become the mask token: the network has to do without them, and sees where they stood."""

    kind: Literal["word-masking"] = "word-masking"
    token: str = Field(default="[MASK]", min_length=1, description="As the tokenizer of the encoder writes it.")

    def change(self, words: list[str], gaps: list[str], count: int, random: np.random.Generator) -> None:
        """See :meth:`WordAugmentation.change`."""
        for place in random.choice(len(words), size=count, replace=False).tolist():
            words[place] = self.token
