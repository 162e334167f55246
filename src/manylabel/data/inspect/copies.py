"""In which parts each text stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manylabel.data.inspect.inspected import Inspected


@dataclass(frozen=True, eq=False)
class Copies:
    """How often each text stands in each part.

    Attributes:
        parts: names of the parts.
        numbers: int32 ``[documents of all parts, parts]``, copies in each part of a text that is the first of its
            equals; 0 in the rows of the others.
        rows: int64, the same shape: the first document of the part with that text, -1 where there is none.
    """

    parts: tuple[str, ...]
    numbers: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, inspected: Inspected) -> Copies:
        """Of all parts; blank texts are each the only one of their kind."""
        first, offsets = inspected.twins.first, inspected.offsets
        numbers = np.zeros((len(first), len(inspected.parts)), np.int32)
        rows = np.full(numbers.shape, -1, np.int64)
        for position in range(len(inspected.parts)):
            own = first[offsets[position] : offsets[position + 1]]
            np.add.at(numbers[:, position], own, 1)
            rows[own[::-1], position] = np.arange(offsets[position + 1] - 1, offsets[position] - 1, -1)
        return cls(tuple(inspected.parts), numbers, rows)

    def number(self, part: str) -> np.ndarray:
        """int32 ``[documents of all parts]``: copies in a part."""
        return self.numbers[:, self.parts.index(part)]

    def holds(self, part: str) -> np.ndarray:
        """bool ``[documents of all parts]``: whether the text stands in a part."""
        return self.number(part) > 0

    def row_in(self, part: str, leader: int) -> int:
        """The first document of a part with the text of another document, which is the first of its equals."""
        return int(self.rows[leader, self.parts.index(part)])
