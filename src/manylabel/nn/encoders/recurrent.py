"""Recurrent networks over words, in both directions."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from manylabel.nn.dropout import Dropout
from manylabel.nn.encoders.input_convolution import InputConvolution
from manylabel.nn.encoders.pooling import AttentionPooling, pool_simply
from manylabel.nn.encoders.recurrent_config import BiGruConfig, BiLstmConfig, RecurrentConfig
from manylabel.nn.encoders.word_encoder import WordEncoder
from manylabel.nn.inputs import Batch, States


class _Direction(nn.Module):
    """One layer in one direction, from a learned initial state."""

    def __init__(self, make: type[nn.LSTM] | type[nn.GRU], width: int, hidden: int) -> None:
        super().__init__()
        self.network = make(width, hidden, batch_first=True)
        # The cell of an LSTM has a state of its own.
        self.initial = nn.Parameter(torch.zeros(2 if make is nn.LSTM else 1, 1, 1, hidden))

    def forward(self, vectors: Tensor) -> Tensor:
        first = [state.expand(1, len(vectors), -1).contiguous() for state in self.initial]
        return self.network(vectors, tuple(first) if len(first) == 2 else first[0])[0]


class _Layer(nn.Module):
    """One layer in both directions."""

    def __init__(self, make: type[nn.LSTM] | type[nn.GRU], width: int, hidden: int) -> None:
        super().__init__()
        self.onwards = _Direction(make, width, hidden // 2)
        self.backwards = _Direction(make, width, hidden // 2)

    def forward(self, vectors: Tensor, reverse: Tensor) -> Tensor:
        onwards = self.onwards(vectors)
        backwards = _reordered(self.backwards(_reordered(vectors, reverse)), reverse)
        return torch.cat([onwards, backwards], dim=-1)


class Recurrent(WordEncoder):
    """Base of `bilstm` and `bigru`.

    Each direction has a learned initial state (You et al. 2019, AttentionXML, section 3.2). The words of a document are
    turned round in place for the backward direction, so that padding always comes last and neither direction sees it:
    the kernels run on plain tensors, on a CPU many times faster than on packed sequences.
    """

    network: ClassVar[type[nn.LSTM] | type[nn.GRU]]

    def __init__(self, section: RecurrentConfig) -> None:
        super().__init__(section)
        self._options = section
        self.dropout = Dropout(section.dropout)

    def build(self, width: int) -> None:
        """See :meth:`WordEncoder.build`."""
        options = self._options
        self.width = self.pooled_width = options.hidden_dim
        self.convolution = InputConvolution(width, options.input_convolution) if options.input_convolution else None
        widths = [width] + [options.hidden_dim] * (options.layers - 1)
        self.recurrent = nn.ModuleList([_Layer(self.network, one, options.hidden_dim) for one in widths])
        self.attention = AttentionPooling(self.width) if options.pooling == "attention" else None

    def forward(self, batch: Batch) -> States:
        """The states of both directions at each word; see :meth:`Encoder.forward`."""
        states = self.embedding(batch)
        if self.convolution is not None:
            states = self.convolution(states, batch.mask)
        reverse = _reverse(batch.mask)
        for layer in self.recurrent:
            states = self.dropout(layer(states, reverse))
        return States(states * batch.mask[:, :, None], batch.mask)

    def pool(self, states: States) -> Tensor:
        """See :meth:`Encoder.pool`."""
        if self.attention is not None:
            return self.attention(states)
        if self._options.pooling != "last":
            return pool_simply(states, self._options.pooling)
        half = self.width // 2
        last = states.mask.sum(dim=1) - 1
        onwards = states.tokens[torch.arange(len(last), device=last.device), last, :half]
        return torch.cat([onwards, states.tokens[:, 0, half:]], dim=1)

    def layers(self) -> list[nn.Module]:
        """See :meth:`Encoder.layers`."""
        parts = [self.embedding, self.convolution, *self.recurrent, self.attention]
        return [part for part in parts if part is not None]


class BiLstm(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997) in both directions."""

    network = nn.LSTM

    def __init__(self, section: BiLstmConfig) -> None:
        super().__init__(section)


class BiGru(Recurrent):
    """Gated recurrent units (Cho et al. 2014) in both directions."""

    network = nn.GRU

    def __init__(self, section: BiGruConfig) -> None:
        super().__init__(section)


def _reverse(mask: Tensor) -> Tensor:
    """Where each token of a document goes when it is read from its end, int64 ``[B, T]``; padding stays."""
    places = torch.arange(mask.shape[1], device=mask.device)
    lengths = mask.sum(dim=1, keepdim=True)
    return torch.where(mask, lengths - 1 - places, places)


def _reordered(vectors: Tensor, order: Tensor) -> Tensor:
    return vectors.gather(1, order[:, :, None].expand(-1, -1, vectors.shape[-1]))
