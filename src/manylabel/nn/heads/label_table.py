"""The vectors of the labels: one row each, read all at once or row by row."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from manylabel.nn.heads.rows import rows_of


class LabelTable(nn.Module):
    """Vectors ``[L, d]``, uniform in ``+-sqrt(6 / (L + d))`` (Glorot and Bengio 2010) unless told otherwise.

    Args:
        n_labels: L.
        width: d.
        sparse: the gradient holds the rows that were read and no others, for an optimiser that moves only these. Such
            a table is read by :meth:`rows` alone while it is trained.
        bound: of the uniform start.
    """

    def __init__(self, n_labels: int, width: int, *, sparse: bool = False, bound: float | None = None) -> None:
        super().__init__()
        limit = math.sqrt(6.0 / (n_labels + width)) if bound is None else bound
        self.weight = nn.Parameter(torch.empty(n_labels, width).uniform_(-limit, limit))
        self.sparse = sparse
        self.by_row = ("weight",) if sparse else ()

    def rows(self, label_ids: Tensor) -> Tensor:
        """The vectors of shortlists int64 ``[B, C]``, floats ``[B, C, d]``; padding reads the first row."""
        return rows_of(self.weight, label_ids, sparse=self.sparse)


def add_bias(scores: Tensor, bias: Tensor, label_ids: Tensor | None, *, sparse: bool) -> Tensor:
    """Scores ``[B, L]`` or ``[B, C]`` with the bias ``[L]`` of their labels; `sparse` as for a table."""
    return scores + (bias if label_ids is None else rows_of(bias, label_ids, sparse=sparse))
