"""Texts as sequences of token numbers, for what looks at the order of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.text.ngrams import Slices, list_ngrams
from manylabel.text.preparation import Preparation, in_batches
from manylabel.text.terms import Terms, look_up
from manylabel.text.tfidf_config import WORDS_OF_ONE, TfidfConfig
from manylabel.text.threads import available_threads, map_in_threads
from manylabel.text.vocabulary import Vocabulary


class Tokenizer:
    """Cuts lower-cased texts into words, or into characters where words are not set apart.

    Args:
        characters: a token is a character.
    """

    def __init__(self, *, characters: bool = False) -> None:
        analyzer = "char" if characters else "word"
        config = TfidfConfig(analyzer=analyzer, ngram_range=(1, 1))
        self._prepare = Preparation(config if characters else config.with_values(token_pattern=WORDS_OF_ONE))

    def learn(self, texts: Sequence[str]) -> tuple[Vocabulary, np.ndarray, np.ndarray]:
        """The tokens of some texts.

        Returns:
            The distinct tokens in the order in which they came, the number of each token of the texts one after the
            other (int64), and how many tokens each text has (int64 ``[n]``).
        """
        terms = Terms()
        parts, sizes = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for bounds in in_batches(texts):
            ngrams, lengths = self._list(texts[slice(*bounds)])
            parts.append(terms.number(ngrams))
            sizes.append(lengths)
        blob, stops = terms.take(np.arange(terms.count))
        return Vocabulary(blob, stops), np.concatenate(parts), np.concatenate(sizes)

    def number(self, texts: Sequence[str], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the tokens of some texts, -1 for those that the vocabulary lacks (int64), and how many tokens
        each text has (int64 ``[n]``)."""
        table = (vocabulary.slots, vocabulary.stops, vocabulary.blob)

        def numbers(bounds: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
            ngrams, sizes = self._list(texts[slice(*bounds)])
            return look_up(*ngrams, *table), sizes

        parts = map_in_threads(numbers, in_batches(texts), available_threads())
        nothing = np.zeros(0, np.int64)
        return (
            np.concatenate([nothing, *(part[0] for part in parts)]),
            np.concatenate([nothing, *(part[1] for part in parts)]),
        )

    def _list(self, texts: Sequence[str]) -> tuple[Slices, np.ndarray]:
        return list_ngrams(self._prepare(texts), self._prepare.recipe)
