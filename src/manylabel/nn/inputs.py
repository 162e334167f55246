"""What an encoder is given: rows of token numbers or of vectors, one ragged row for each document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Documents padded to one length.

    Attributes:
        values: token numbers, int64 ``[B, T]``, or vectors, float32 ``[B, T, d]``; what stands in the padding is of no
            consequence.
        mask: bool ``[B, T]``, true where there is a token. Every document has at least one.
    """

    values: Tensor
    mask: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same on another device."""
        return Batch(self.values.to(device, non_blocking=True), self.mask.to(device, non_blocking=True))


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of n documents, in memory or mapped from a file.

    Attributes:
        values: int32 ``[tokens]``, token numbers of all documents one after the other; or floats ``[tokens, d]``.
        offsets: int64 ``[n + 1]``, where each document begins; every one has at least one token.
    """

    values: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[n]``, tokens of each document."""
        return np.diff(self.offsets)

    def batch(self, rows: np.ndarray | Sequence[int], *, multiple: int = 1) -> Batch:
        """Some documents, padded to the longest of them.

        Args:
            rows: which, in this order.
            multiple: the padded length is a multiple of this.
        """
        rows = np.asarray(rows)
        begins, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        width = -(-int(lengths.max(initial=1)) // multiple) * multiple
        mask = np.arange(width) < lengths[:, None]
        # Padding reads the document's first token: a valid number in every vocabulary.
        places = begins[:, None] + np.where(mask, np.arange(width), 0)
        values = self.values[places]
        as_type = np.int64 if values.dtype.kind in "iu" else np.float32
        return Batch(torch.from_numpy(values.astype(as_type)), torch.from_numpy(mask))

    def select(self, rows: np.ndarray) -> Inputs:
        """Some documents, in this order; at least one."""
        pieces = [self.values[self.offsets[row] : self.offsets[row + 1]] for row in rows.tolist()]
        return Inputs(np.concatenate(pieces), np.concatenate([[0], np.cumsum(self.lengths[rows])]).astype(np.int64))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Both arrays, for a stage or a file."""
        return {"values": self.values, "offsets": self.offsets}

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], empty: int) -> Inputs:
        """Token numbers of n documents; one without any gets the token `empty`."""
        filled = [row if len(row) else (empty,) for row in rows]
        offsets = np.zeros(len(filled) + 1, np.int64)
        np.cumsum([len(row) for row in filled], out=offsets[1:])
        values = np.fromiter((token for row in filled for token in row), np.int32, int(offsets[-1]))
        return cls(values, offsets)


@dataclass(frozen=True)
class States:
    """What an encoder makes of a batch.

    Attributes:
        tokens: floats ``[B, T, d]``; zero where `mask` is false.
        mask: bool ``[B, T]``.
        pooled: floats ``[B, p]``, one vector for each document; None where the head did not ask for it.
    """

    tokens: Tensor
    mask: Tensor
    pooled: Tensor | None = None
