"""Whether texts are written without spaces between words, so that words cannot be told by a pattern."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manylabel.text.characters import UNSPACED, WORD, classes

_SAMPLED_TEXTS = 2000
_SAMPLED_CHARACTERS = 500


def mostly_unspaced(texts: Sequence[str]) -> bool:
    """Whether most of the writing is in scripts without spaces, such as Chinese, Japanese or Thai.

    Compares the number of characters of such scripts with the number of words in other scripts, since one Chinese
    character carries about as much as a word does. Looks at the start of at most 2,000 texts spread over all.
    """
    step = max(1, len(texts) // _SAMPLED_TEXTS)
    sample = " ".join(texts[i][:_SAMPLED_CHARACTERS] for i in range(0, len(texts), step))
    if sample.isascii():
        return False
    kinds = classes()[np.frombuffer(sample.encode("utf-32-le", "surrogatepass"), np.uint32)]
    unspaced = (kinds & (WORD | UNSPACED)) == (WORD | UNSPACED)
    spaced = (kinds & (WORD | UNSPACED)) == WORD
    words = np.count_nonzero(spaced[1:] & ~spaced[:-1]) + int(spaced[0])
    return bool(np.count_nonzero(unspaced) > words)
