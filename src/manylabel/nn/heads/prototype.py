"""Labels that read a document through a few shared prototypes."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from manylabel.nn.dropout import Dropout
from manylabel.nn.heads.attention import attention
from manylabel.nn.heads.base import Head
from manylabel.nn.heads.label_table import LabelTable, add_bias
from manylabel.nn.heads.prototype_config import PrototypeConfig
from manylabel.nn.inputs import States

_CELLS_AT_ONCE = 1 << 24


class PrototypeAttention(Head):
    """``z_l = sum_k p_lk (w_l . V c_k) + b_l``.

    K prototypes read the tokens, each with a query of its own: ``c_k`` is what prototype k has read, V makes it r
    numbers. A label mixes the prototypes by ``p_l``, the softmax of K numbers of its own. So the attention costs
    ``K x T`` whatever the number of labels, and a label has ``K + r`` numbers instead of ``d``. It is label-wise
    attention (Mullenbach et al. 2018) whose attention maps are mixtures of K; ours.
    """

    needs: ClassVar[Literal["tokens", "pooled"]] = "tokens"

    def __init__(self, config: PrototypeConfig, width: int, pooled_width: int, n_labels: int) -> None:
        super().__init__()
        del pooled_width
        self.dropout = Dropout(config.dropout)
        self.prototypes = LabelTable(config.prototypes, width)
        self.values = nn.Linear(width, config.hidden_dim)
        self.mixture = LabelTable(n_labels, config.prototypes, sparse=config.sparse, bound=1.0)
        self.labels = LabelTable(n_labels, config.hidden_dim, sparse=config.sparse)
        self.bias = nn.Parameter(torch.zeros(n_labels))
        self.by_row = ("bias",) if config.sparse else ()

    def forward(self, states: States, label_ids: Tensor | None = None) -> Tensor:
        """See :meth:`Head.forward`."""
        states = States(self.dropout(states.tokens), states.mask)
        read = self.values(attention(states, self.prototypes.weight) @ states.tokens)
        if label_ids is not None:
            mixture = self.mixture.rows(label_ids).softmax(dim=2)
            answers = self.labels.rows(label_ids) @ read.transpose(1, 2)
            return add_bias((answers * mixture).sum(dim=2), self.bias, label_ids, sparse=bool(self.by_row))
        documents, prototypes, _ = read.shape
        n_labels = self.bias.shape[0]
        step = n_labels if torch.is_grad_enabled() else max(1, _CELLS_AT_ONCE // (documents * prototypes))
        mixture = self.mixture.weight.softmax(dim=1)
        parts = [
            ((self.labels.weight[at : at + step] @ read.transpose(1, 2)) * mixture[at : at + step]).sum(dim=2)
            for at in range(0, n_labels, step)
        ]
        return add_bias(torch.cat(parts, dim=1), self.bias, None, sparse=False)

    def label_weights(self) -> nn.Parameter:
        """The vectors ``w``; see :meth:`Head.label_weights`."""
        return self.labels.weight

    def classifiers(self) -> nn.Parameter:
        """See :meth:`Head.classifiers`."""
        return self.labels.weight
