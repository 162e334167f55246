"""Label-wise attention: every label reads the tokens with a query of its own."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from manylabel.nn.dropout import Dropout
from manylabel.nn.heads.attended_scores import Queries, attended_scores
from manylabel.nn.heads.attention import attention, shares
from manylabel.nn.heads.base import Head
from manylabel.nn.heads.label_attention_config import LabelAttentionConfig
from manylabel.nn.heads.label_table import LabelTable, add_bias
from manylabel.nn.inputs import States

_CELLS_AT_ONCE = 1 << 26
"""Numbers of attention ``[B, C, T]`` and of contexts that are held at once where nothing is trained."""

_IN_PIECES = 1 << 20
"""Numbers of the contexts of a batch ``[B, C, h]``, above which a processor makes them in pieces."""


class LabelAttention(Head):
    """``z_l = g(sum_t a_lt h_t) + b_l``, with ``a_l`` the softmax over tokens of ``q_l . h_t``.

    With ``output: shared``, g is one network for all labels, linear layers with ReLU between (AttentionXML, You et al.
    2019, section 3.2); with ``per-label``, a vector for each label (CAML, Mullenbach et al. 2018). The bias is added in
    both cases, so that scores can start at the labels' priors.

    What is linear in the states is taken before they are averaged, which gives the same scores: the first shared layer
    is applied to T tokens rather than to L labels, and with a vector for each label no context ``[B, L, d]`` is made.
    """

    needs: ClassVar[Literal["tokens", "pooled"]] = "tokens"

    def __init__(self, config: LabelAttentionConfig, width: int, pooled_width: int, n_labels: int) -> None:
        super().__init__()
        del pooled_width
        self.dropout = Dropout(config.dropout)
        self.queries = LabelTable(n_labels, width, sparse=config.sparse)
        self.bias = nn.Parameter(torch.zeros(n_labels))
        self.by_row = ("bias",) if config.sparse else ()
        if config.output == "shared":
            sizes = [width, *config.hidden_dims]
            layers = [nn.Linear(before, after) for before, after in pairwise(sizes)]
            self.shared = nn.ModuleList([*layers, nn.Linear(sizes[-1], 1, bias=False)])
            self.labels = None
        else:
            self.shared = None
            self.labels = LabelTable(n_labels, width, sparse=config.sparse)

    def forward(self, states: States, label_ids: Tensor | None = None) -> Tensor:
        """See :meth:`Head.forward`; where nothing is trained, labels are scored in pieces of bounded memory."""
        states = States(self.dropout(states.tokens), states.mask)
        values = states.tokens if self.shared is None else self.shared[0](states.tokens)
        n_labels = self.bias.shape[0] if label_ids is None else label_ids.shape[1]
        if self._in_pieces(values, n_labels):
            assert self.shared is not None
            queries = Queries(self.queries.weight, label_ids, self.queries.sparse)
            scores = attended_scores(states, values, queries, self.shared[1].get_parameter("weight")[0])
            return add_bias(scores, self.bias, label_ids, sparse=bool(self.by_row))
        step = n_labels
        if not torch.is_grad_enabled():
            documents, tokens, _ = values.shape
            wide = tokens if self.shared is None else tokens + values.shape[2]
            step = max(1, _CELLS_AT_ONCE // max(1, documents * wide))
        starts = range(0, max(n_labels, 1), max(step, 1))
        parts = [self._scores(states, values, label_ids, slice(at, at + step)) for at in starts]
        return add_bias(
            torch.cat(parts, dim=1) if len(parts) > 1 else parts[0], self.bias, label_ids, sparse=bool(self.by_row)
        )

    def _in_pieces(self, values: Tensor, n_labels: int) -> bool:
        """Whether contexts are so large that :func:`attended_scores` makes them faster."""
        one_layer = self.shared is not None and len(self.shared) == 2
        large = values.shape[0] * n_labels * values.shape[2] > _IN_PIECES
        return one_layer and large and values.device.type == "cpu" and not torch.compiler.is_compiling()

    def _scores(self, states: States, values: Tensor, label_ids: Tensor | None, part: slice) -> Tensor:
        """Scores without bias of some of the labels; `values` are what their attention averages."""
        ids = None if label_ids is None else label_ids[:, part]
        if ids is None and self.labels is not None:
            return _read(states, self.queries.weight[part], self.labels.weight[part])
        weights = attention(states, self.queries.weight[part] if ids is None else self.queries.rows(ids))
        if self.labels is not None:
            assert ids is not None
            return (weights * (self.labels.rows(ids) @ values.transpose(1, 2))).sum(dim=2)
        assert self.shared is not None
        context = weights @ values
        for layer in self.shared[1:]:
            context = layer(context.relu())
        return context.squeeze(2)

    def label_weights(self) -> nn.Parameter:
        """The queries; see :meth:`Head.label_weights`."""
        return self.queries.weight

    def classifiers(self) -> nn.Parameter | None:
        """See :meth:`Head.classifiers`."""
        return None if self.labels is None else self.labels.weight


def _read(states: States, queries: Tensor, vectors: Tensor) -> Tensor:
    """Scores ``[B, C]`` of labels that are the same for all documents: both answers of a token in one product."""
    found = functional.linear(states.tokens, torch.cat([queries, vectors]))
    asked, answered = found.split(len(queries), dim=2)
    return (shares(asked, states.mask[:, :, None], dim=1) * answered).sum(dim=1)
