"""The words of a sample of documents, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.text.tokens import Tokenizer
from manylabel.text.vocabulary import Vocabulary

_MOST_CHARACTERS = 60_000_000
_LONGEST = 5_000  # characters of one text, so that a few books do not make up the sample


@dataclass(frozen=True, eq=False)
class Words:
    """The words of sampled documents in their order.

    Attributes:
        rows: int64 ``[m]``, the documents, ascending.
        vocabulary: the distinct words.
        numbers: int64, the number of each word of the documents, one after the other.
        sizes: int64 ``[m]``, words of each document.
        complete: whether all documents are in the sample.
    """

    rows: np.ndarray
    vocabulary: Vocabulary
    numbers: np.ndarray
    sizes: np.ndarray
    complete: bool

    @cached_property
    def terms(self) -> list[str]:
        """The words by number."""
        return self.vocabulary.terms()

    @cached_property
    def present(self) -> csr_matrix:
        """bool CSR ``[m, words]``: which words a document has."""
        indptr = np.concatenate([[0], np.cumsum(self.sizes)])
        columns = self.numbers.astype(np.int32)
        matrix = csr_matrix((np.ones(len(columns), bool), columns, indptr), (len(self.rows), len(self.vocabulary)))
        matrix.sum_duplicates()
        return matrix


def sample_words(texts: Sequence[str], sizes: Sequence[int], *, characters: bool, seed: int) -> Words:
    """The words of up to 60 million characters; half of them may come from the first part, the rest share the others.

    Args:
        texts: of all parts, one part after the other.
        sizes: documents of each part.
        characters: a word is a character.
        seed: of the sample.
    """
    chance = np.random.default_rng(seed)
    shares = [1.0] if len(sizes) == 1 else [0.5, *[0.5 / (len(sizes) - 1)] * (len(sizes) - 1)]
    lengths = np.minimum(np.fromiter(map(len, texts), np.int64, len(texts)), _LONGEST)
    chosen, start = [np.zeros(0, np.int64)], 0
    for size, share in zip(sizes, shares, strict=True):
        order = start + chance.permutation(size)
        taken = np.searchsorted(np.cumsum(lengths[order]), share * _MOST_CHARACTERS, side="right")
        chosen.append(np.sort(order[: max(taken, 1)]))
        start += size
    rows = np.concatenate(chosen)
    own: list[int] = rows.tolist()
    kept = [texts[row][:_LONGEST] for row in own]
    return Words(rows, *Tokenizer(characters=characters).learn(kept), complete=len(rows) == len(texts))
