"""Word stems by the Snowball algorithms, and a guess at the language that texts are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import snowballstemmer

from manylabel.text.languages import COMMON_WORDS

_LEAST_SHARE = 0.02
_MOST_KNOWN = 2_000_000

# The stemmer takes some 30 microseconds a word, and every fold asks for the same ones.
_KNOWN_STEMS: dict[str, dict[str, str]] = {}


def stem_words(words: Sequence[str], language: str | None) -> list[str]:
    """The stem of each word; the words as they are where the language is None.

    Args:
        words: lower-cased.
        language: one of those in :mod:`manylabel.text.languages`.
    """
    if language is None:
        return list(words)
    known = _KNOWN_STEMS.setdefault(language, {})
    new = [word for word in words if word not in known]
    if len(known) + len(new) > _MOST_KNOWN:
        known.clear()
        new = list(words)
    known.update(zip(new, snowballstemmer.stemmer(language).stemWords(new), strict=True))
    return [known[word] for word in words]


def guess_language(shares: Mapping[str, float]) -> str | None:
    """The language whose commonest words are commonest in some texts; None where none is met often enough.

    Args:
        shares: of each word, the share of texts that have it; words not there count as 0.
    """
    means = {
        language: sum(shares.get(word, 0.0) for word in words) / len(words) for language, words in COMMON_WORDS.items()
    }
    best = max(means, key=lambda language: means[language])
    return best if means[best] >= _LEAST_SHARE else None
