"""Convolutions over the encoder's states, the strongest answer of each filter, and a linear classifier."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from manylabel.nn.convolution import strongest
from manylabel.nn.heads.base import Head
from manylabel.nn.heads.convolution_config import ConvolutionHeadConfig
from manylabel.nn.heads.linear import LinearHead
from manylabel.nn.inputs import States


class ConvolutionHead(Head):
    """Filters of several widths over the states, maximum over the tokens, then :class:`LinearHead`.

    Kim 2014 section 2, over the states of an encoder in place of word vectors. Places begin at a token of the document.
    """

    needs: ClassVar[Literal["tokens", "pooled"]] = "tokens"

    def __init__(self, config: ConvolutionHeadConfig, width: int, pooled_width: int, n_labels: int) -> None:
        super().__init__()
        del pooled_width
        self.filters = nn.ModuleList(nn.Conv1d(width, config.filters, size) for size in config.filter_sizes)
        self.labels = LinearHead(config.labels, 0, config.filters * len(config.filter_sizes), n_labels)
        self.bias = self.labels.bias

    def forward(self, states: States, label_ids: Tensor | None = None) -> Tensor:
        """See :meth:`Head.forward`."""
        # A document shorter than a filter has one place all the same, with zeros behind its last token.
        found = [
            strongest(states.tokens, one, 0, [states.mask])[0] for one in self.filters if isinstance(one, nn.Conv1d)
        ]
        return self.labels(replace(states, pooled=torch.cat(found, dim=1).relu()), label_ids)

    def label_weights(self) -> nn.Parameter:
        """The classifiers; see :meth:`Head.label_weights`."""
        return self.labels.label_weights()

    def classifiers(self) -> nn.Parameter:
        """See :meth:`Head.classifiers`."""
        return self.labels.classifiers()
