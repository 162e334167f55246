"""What a training document must cost at a level of attention-xml: operations and bytes, from the sizes alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FORMULAS = """Of T tokens, states of d numbers (both directions), vectors of v, a hidden layer of h, C candidates: all
nodes at level 0, below it the children of the beam. A product counts two operations a cell, and the backward pass twice
the forward pass:

| part | operations, forward and backward |
| --- | --- |
| encoder (BiLSTM) | 3 · 8 T d (v + d / 2) |
| hidden layer, of tokens | 3 · 2 T d h |
| scores of attention | 3 · 2 C T d |
| contexts and output | 3 · 2 C (T + 1) h |

Bytes, float32: attention is written, normalised, read and has a gradient, 16 C T; contexts likewise, 16 C h. Below
level 0 rows of candidates are read (4 C d), have a gradient (4 C d), and the step of Adam reads gradient, weight and
two moments and writes the last three (28 C d): 36 C d for each document. At level 0 the table is that of all documents
of a batch of B: 36 C d / B. Rows that documents of a batch share are moved once, so less may be moved than that."""


@dataclass(frozen=True)
class Floor:
    """The least that a document costs.

    Attributes:
        candidates: nodes that are scored.
        flops: floating-point operations by part.
        bytes_moved: of attention, contexts and rows.
    """

    candidates: int
    flops: dict[str, float]
    bytes_moved: float

    @property
    def total(self) -> float:
        """All operations."""
        return sum(self.flops.values())


def floor(cell: dict[str, Any], level: int, *, width: int, vector: int, batch: int) -> Floor:
    """The floor of a level.

    Args:
        cell: with `nodes` of each level, `beam_width` and mean `tokens`.
        level: 0 for the first.
        width: d and h.
        vector: v.
        batch: B.
    """
    nodes, tokens = cell["nodes"], cell["tokens"]
    if level == 0:
        candidates = nodes[0]
    else:
        candidates = round(min(cell["beam_width"], nodes[level - 1]) * nodes[level] / nodes[level - 1])
    flops = {
        "encoder": 3 * 8 * tokens * width * (vector + width / 2),
        "hidden": 3 * 2 * tokens * width * width,
        "scores": 3 * 2 * candidates * tokens * width,
        "contexts": 3 * 2 * candidates * (tokens + 1) * width,
    }
    rows = 36 * candidates * width / (batch if level == 0 else 1)
    return Floor(candidates, flops, 16 * candidates * (tokens + width) + rows)
