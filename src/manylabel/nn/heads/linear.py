"""A linear classifier of each label on the pooled vector."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from manylabel.nn.dropout import Dropout
from manylabel.nn.heads.base import Head
from manylabel.nn.heads.label_table import LabelTable, add_bias
from manylabel.nn.heads.linear_config import LinearHeadConfig
from manylabel.nn.inputs import States


class LinearHead(Head):
    """``z_l = w_l . f(h) + b_l``, where f is the identity or a hidden layer with ReLU (the bottleneck of XML-CNN, Liu
    et al. 2017)."""

    needs: ClassVar[Literal["tokens", "pooled"]] = "pooled"

    def __init__(self, config: LinearHeadConfig, width: int, pooled_width: int, n_labels: int) -> None:
        super().__init__()
        del width
        self.dropout = Dropout(config.dropout)
        hidden = config.hidden_dim
        self.hidden = None if hidden is None else nn.Linear(pooled_width, hidden)
        self.labels = LabelTable(n_labels, hidden or pooled_width, sparse=config.sparse)
        self.bias = nn.Parameter(torch.zeros(n_labels))
        self.by_row = ("bias",) if config.sparse else ()

    def forward(self, states: States, label_ids: Tensor | None = None) -> Tensor:
        """See :meth:`Head.forward`."""
        assert states.pooled is not None
        vector = self.dropout(states.pooled)
        if self.hidden is not None:
            vector = self.dropout(self.hidden(vector).relu())
        if label_ids is None:
            scores = vector @ self.labels.weight.T
        else:
            scores = torch.einsum("bd,bcd->bc", vector, self.labels.rows(label_ids))
        return add_bias(scores, self.bias, label_ids, sparse=bool(self.by_row))

    def label_weights(self) -> nn.Parameter:
        """The classifiers; see :meth:`Head.label_weights`."""
        return self.labels.weight

    def classifiers(self) -> nn.Parameter:
        """See :meth:`Head.classifiers`."""
        return self.labels.weight
