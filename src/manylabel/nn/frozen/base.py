"""What every frozen encoder is: opened once, never trained, kept whole in the run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np

from manylabel.core.progress import Advance
from manylabel.core.run_directory import RunDirectory, RunWriter


def ignore(units: int) -> None:
    """Count nothing."""
    del units


class FrozenEncoder(ABC):
    """Base of all frozen encoders. An encoder is made from its configuration section, as its `config`."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers of a vector, d; known from :meth:`fit` or :meth:`restore` on."""

    @abstractmethod
    def fit(self, texts: Sequence[str]) -> Self:
        """Open what the configuration names, and count what must be counted on the training texts.

        Raises:
            InputError: it is not there, or not what it should be.
            MissingExtraError: a package is not installed.
        """

    @abstractmethod
    def encode(self, texts: Sequence[str], advance: Advance = ignore) -> np.ndarray:
        """The vectors of n texts.

        Args:
            texts: they; the vector of one does not depend on the others, but for rounding.
            advance: called with the number of texts just encoded.

        Returns:
            float32 ``[n, d]``, rows of unit length; all zeros where a text has nothing that the encoder knows.
        """

    @abstractmethod
    def write(self, writer: RunWriter) -> None:
        """Write all that :meth:`encode` needs into a run."""

    @abstractmethod
    def restore(self, run: RunDirectory) -> None:
        """Read what :meth:`write` wrote.

        Raises:
            RunError, KeyError, ValueError: it is damaged.
            MissingExtraError: a package is not installed.
        """


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """The rows at unit length, float32; a row of zeros stays one.

    Args:
        vectors: floats ``[n, d]``.
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)
