"""How many words each text has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.text.ngrams import list_ngrams
from manylabel.text.preparation import Preparation, in_batches
from manylabel.text.tfidf_config import WORDS_OF_ONE, TfidfConfig
from manylabel.text.threads import available_threads, map_in_threads


def preparation(n: int, *, characters: bool) -> Preparation:
    """How texts are cut into runs of n words, or of n characters; lower-cased."""
    config = TfidfConfig(analyzer="char" if characters else "word", ngram_range=(n, n))
    return Preparation(config if characters else config.with_values(token_pattern=WORDS_OF_ONE))


def count_words(texts: Sequence[str], *, characters: bool) -> np.ndarray:
    """Words of each text, int64 ``[n]``; characters where `characters`, as in writing without spaces."""
    prepare = preparation(1, characters=characters)

    def count(bounds: tuple[int, int]) -> np.ndarray:
        return list_ngrams(prepare(texts[slice(*bounds)]), prepare.recipe)[1]

    parts = map_in_threads(count, in_batches(texts), available_threads())
    return np.concatenate([np.zeros(0, np.int64), *parts])
