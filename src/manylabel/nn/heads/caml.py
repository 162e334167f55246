"""Convolutional attention (CAML): a convolution over the states, then label-wise attention."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor, nn

from manylabel.nn.convolution import convolve
from manylabel.nn.heads.base import Head
from manylabel.nn.heads.caml_config import CAMLConfig
from manylabel.nn.heads.label_attention import LabelAttention
from manylabel.nn.inputs import States


class CAML(Head):
    """``tanh`` of one convolution, then :class:`LabelAttention` with a vector for each label (Mullenbach et al. 2018,
    sections 2.1 and 2.2). Even filter sizes see one token more behind than before."""

    needs: ClassVar[Literal["tokens", "pooled"]] = "tokens"

    def __init__(self, config: CAMLConfig, width: int, pooled_width: int, n_labels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, config.filters, config.filter_size)
        self.labels = LabelAttention(config.labels, config.filters, 0, n_labels)
        self.bias = self.labels.bias

    def forward(self, states: States, label_ids: Tensor | None = None) -> Tensor:
        """See :meth:`Head.forward`."""
        before = (self.convolution.kernel_size[0] - 1) // 2
        answers = convolve(states.tokens, self.convolution, before).tanh()
        return self.labels(States(answers * states.mask[:, :, None], states.mask), label_ids)

    def label_weights(self) -> nn.Parameter:
        """The queries; see :meth:`Head.label_weights`."""
        return self.labels.label_weights()

    def classifiers(self) -> nn.Parameter | None:
        """See :meth:`Head.classifiers`."""
        return self.labels.classifiers()
