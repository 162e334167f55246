"""The terms of a fitted vectoriser, sorted, with their numbers found by hashing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from manylabel.core.errors import RunError
from manylabel.text.terms import index


class Vocabulary:
    """Sorted terms; term i is column i.

    Args:
        blob: uint8, the terms in UTF-8 (surrogates as ``surrogatepass`` writes them), one after the other.
        stops: int64 ``[d + 1]``, ``stops[i]`` to ``stops[i + 1]`` is where term i lies.

    Both are kept as read-only views: whether they were just made or come from a memory-mapped file, the compiled
    loops see one type.
    """

    def __init__(self, blob: np.ndarray, stops: np.ndarray) -> None:
        self.blob = _read_only(blob, np.uint8)
        self.stops = _read_only(stops, np.int64)

    @classmethod
    def of(cls, words: Sequence[str]) -> Vocabulary:
        """The vocabulary of distinct words, numbered in their order."""
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        stops = np.concatenate([[0], np.cumsum([len(word) for word in encoded])]).astype(np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), stops)

    def __len__(self) -> int:
        return len(self.stops) - 1

    @cached_property
    def slots(self) -> np.ndarray:
        """The hash table (uint64, see :class:`manylabel.text.terms.Terms`), made when first used."""
        return _read_only(index(self.blob, self.stops), np.uint64)

    def terms(self) -> list[str]:
        """The terms as strings, made anew by every call."""
        blob, stops = self.blob.tobytes(), self.stops.tolist()
        return [blob[begin:stop].decode("utf-8", "surrogatepass") for begin, stop in pairwise(stops)]

    def terms_of(self, numbers: np.ndarray) -> list[str]:
        """Some of the terms as strings."""
        begins, stops = self.stops[numbers].tolist(), self.stops[np.asarray(numbers) + 1].tolist()
        return [
            self.blob[begin:stop].tobytes().decode("utf-8", "surrogatepass")
            for begin, stop in zip(begins, stops, strict=True)
        ]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """``terms`` (uint8, their bytes) and ``lengths`` (uint32 ``[d]``, bytes of each)."""
        return {"terms": self.blob, "lengths": np.diff(self.stops).astype(np.uint32)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Vocabulary:
        """The vocabulary that :meth:`to_arrays` took apart; the arrays may be read-only memory maps.

        Raises:
            RunError: an array is missing or they do not fit together.
        """
        try:
            blob, lengths = arrays["terms"], arrays["lengths"]
        except KeyError as error:
            raise RunError(f"TF-IDF features: the array {error} is missing; the model is damaged") from None
        if blob.dtype != np.uint8 or lengths.dtype != np.uint32 or blob.ndim != 1 or lengths.ndim != 1:
            raise RunError("TF-IDF features: the vocabulary has the wrong type; the model is damaged")
        stops = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=stops[1:])
        if stops[-1] != len(blob):
            raise RunError("TF-IDF features: the vocabulary has the wrong length; the model is damaged")
        return cls(blob, stops)


def _read_only(array: np.ndarray, dtype: type) -> np.ndarray:
    view = np.require(array, dtype, ["C", "A"]).view()
    view.setflags(write=False)
    return view
