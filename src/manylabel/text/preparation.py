"""Makes batches of bytes out of strings: all that Python itself has to do before the compiled loops take over."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from manylabel.text.characters import CAPITAL_SIGMA, DOTTED_CAPITAL_I, classes, folding
from manylabel.text.ngrams import Batch, Recipe
from manylabel.text.tfidf_config import WORDS_OF_ONE, WORDS_OF_TWO, TfidfConfig
from manylabel.text.units import CHARACTERS, PADDED, TOKEN_END, TOKENS, WORDS

# Few enough that a batch's n-grams stay in a core's cache, enough that handing out batches costs nothing.
_BATCH_CHARACTERS = 250_000
_SHORTEST_WORD = {WORDS_OF_TWO: 2, WORDS_OF_ONE: 1}
_TOKEN_END = bytes([TOKEN_END])


class Preparation:
    """Encodes texts as a resolved configuration asks.

    Args:
        config: with `analyzer` and `ngram_range` decided.

    Attributes:
        recipe: the same for the compiled loops.
    """

    def __init__(self, config: TfidfConfig) -> None:
        assert config.analyzer != "auto"
        assert config.ngram_range is not None
        # Accents go after lower-casing and may leave capitals, so both are done here or both in the compiled loop.
        self._in_python = config.strip_accents is not None
        mode, shortest_word = {"char": (CHARACTERS, 1), "char_wb": (PADDED, 1), "word": (WORDS, 1)}[config.analyzer]
        if mode == WORDS and config.token_pattern in _SHORTEST_WORD:
            shortest_word = _SHORTEST_WORD[config.token_pattern]
        elif mode == WORDS:
            mode, self._in_python = TOKENS, True
        self.recipe = Recipe(mode, shortest_word, *config.ngram_range)
        self._lowercase = config.lowercase
        self._strip = {None: None, "ascii": strip_to_ascii, "unicode": strip_accents}[config.strip_accents]
        self._find_tokens: Callable[[str], list[str]] = re.compile(config.token_pattern).findall

    def __call__(self, texts: Sequence[str]) -> Batch:
        """The batch of some texts."""
        encode = self._encode_tokens if self.recipe.mode == TOKENS else self._encode
        documents = [encode(text) for text in texts]
        source = b"".join(documents)
        stops = np.cumsum(np.fromiter(map(len, documents), np.int64, len(documents)))
        ascii_only = self.recipe.mode == TOKENS or source.isascii()  # tokens are looked at no more
        return Batch(
            np.frombuffer(source, np.uint8),
            stops,
            folding(self._lowercase and not self._in_python, ascii_only),
            classes(ascii_only),
        )

    def _encode(self, text: str) -> bytes:
        if self._in_python:
            text = self._normalise(text)
        elif self._lowercase and not text.isascii() and (CAPITAL_SIGMA in text or DOTTED_CAPITAL_I in text):
            text = text.lower()
        return text.encode("utf-8", "surrogatepass")

    def _encode_tokens(self, text: str) -> bytes:
        tokens = self._find_tokens(self._normalise(text))
        return b"".join([token.encode("utf-8", "surrogatepass") + _TOKEN_END for token in tokens])

    def _normalise(self, text: str) -> str:
        if self._lowercase:
            text = text.lower()
        return self._strip(text) if self._strip is not None and not text.isascii() else text


def strip_accents(text: str) -> str:
    """Decompose (NFKD) and drop combining marks."""
    return "".join([c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)])


def strip_to_ascii(text: str) -> str:
    """Decompose (NFKD) and drop all that is not ASCII."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def in_batches(texts: Sequence[str]) -> list[tuple[int, int]]:
    """First and last (exclusive) of runs of texts, of about a quarter of a million characters each."""
    characters = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    borders = np.flatnonzero(np.diff(characters // _BATCH_CHARACTERS)) + 1
    bounds = [0, *borders.tolist(), len(texts)] if len(texts) else [0]
    return list(pairwise(bounds))
