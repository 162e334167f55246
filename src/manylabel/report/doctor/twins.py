"""Equal texts in two corpora."""

from __future__ import annotations

import hashlib

import numpy as np

from manylabel.report.doctor.examined import Examined
from manylabel.runs.reading import AnyCorpus


def twins(corpus: AnyCorpus, others: AnyCorpus) -> np.ndarray:
    """For each document of `corpus` the first document of `others` with the same text, int64 ``[n]``, -1 for none.

    Texts are the same up to letter case and blanks; empty ones have no twin.

    Raises:
        CannotLookError: feature vectors.
    """
    first: dict[bytes, int] = {}
    for row, text in enumerate(Examined.texts(others)):
        first.setdefault(_key(text), row)
    first.pop(_key(""), None)
    return np.array([first.get(_key(text), -1) for text in Examined.texts(corpus)], dtype=np.int64)


def _key(text: str) -> bytes:
    """A digest weighs less than a long text, of which there may be a million."""
    return hashlib.blake2b(" ".join(text.casefold().split()).encode("utf-8", "surrogatepass"), digest_size=16).digest()
