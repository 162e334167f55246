"""The words of the training texts and their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from manylabel.text.tokens import Tokenizer
from manylabel.text.vocabulary import Vocabulary

PADDING = 0
UNKNOWN = 1
_SPECIAL = 2


class Words:
    """Words by number: 0 is padding and no text has it, 1 is any unknown word, then the most frequent words first.

    Words are runs of letters and digits in lower case, or characters (see
    :class:`manylabel.text.tokens.Tokenizer`).

    Args:
        vocabulary: the known words.
        characters: a word is a character.
    """

    def __init__(self, vocabulary: Vocabulary, *, characters: bool) -> None:
        self.vocabulary = vocabulary
        self._tokenizer = Tokenizer(characters=characters)

    @classmethod
    def learn(
        cls, texts: Sequence[str], *, characters: bool, min_count: int, max_words: int
    ) -> tuple[Self, np.ndarray]:
        """The words that occur often enough.

        Args:
            texts: those of the training documents.
            characters: a word is a character.
            min_count: times that a word must occur.
            max_words: the most frequent ones that are kept; of equally frequent ones those that came first.

        Returns:
            The words, and int64 ``[known words]``, how often each occurs.
        """
        found, numbers, _ = Tokenizer(characters=characters).learn(texts)
        counts = np.bincount(numbers, minlength=len(found))
        kept = np.argsort(-counts, kind="stable")[:max_words]
        kept = kept[counts[kept] >= min_count]
        return cls(Vocabulary.of(found.terms_of(kept)), characters=characters), counts[kept]

    def __len__(self) -> int:
        """Numbers in use, those of padding and of unknown words included."""
        return len(self.vocabulary) + _SPECIAL

    def number(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of all words of n texts (int32), and how many each text has (int64 ``[n]``)."""
        numbers, lengths = self._tokenizer.number(texts, self.vocabulary)
        return np.where(numbers < 0, UNKNOWN, numbers + _SPECIAL).astype(np.int32), lengths

    def by_word(self) -> dict[str, int]:
        """The number of each known word."""
        return {word: number + _SPECIAL for number, word in enumerate(self.vocabulary.terms())}

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The known words, for a file."""
        return self.vocabulary.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, characters: bool) -> Self:
        """The words that :meth:`to_arrays` took apart.

        Raises:
            RunError: an array is missing or damaged.
        """
        return cls(Vocabulary.from_arrays(arrays), characters=characters)
