"""Convolution over words."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from manylabel.nn.convolution import convolve, strongest
from manylabel.nn.dropout import Dropout
from manylabel.nn.encoders.base import maximum_over_tokens
from manylabel.nn.encoders.cnn_config import CnnConfig
from manylabel.nn.encoders.word_encoder import WordEncoder
from manylabel.nn.inputs import Batch, States

_CHUNKS = 4


class Cnn(WordEncoder):
    """Filters of several widths over the vectors of words (Kim 2014), with as many states as words.

    A filter of width w sees ``(w - 1) // 2`` words before and ``w // 2`` behind its own; beyond the document there are
    zeros. Pooled: the largest numbers over the document (Kim), or over each of p chunks that follow its own length
    (dynamic max pooling; Liu et al. 2017, XML-CNN, section 3.2).
    """

    def __init__(self, section: CnnConfig) -> None:
        super().__init__(section)
        self._options = section
        self._chunks = (section.chunks or _CHUNKS) if section.pooling == "dynamic-max" else 1
        self.dropout = Dropout(section.dropout)

    def build(self, width: int) -> None:
        """See :meth:`WordEncoder.build`."""
        widths = self._options.filter_widths
        self.convolutions = nn.ModuleList([nn.Conv1d(width, self._options.filters, size) for size in widths])
        self.width = self._options.filters * len(widths)
        self.pooled_width = self.width * self._chunks

    def forward(self, batch: Batch) -> States:
        """What all filters give at each word; see :meth:`Encoder.forward`."""
        vectors = self.embedding(batch)
        answers = [convolve(vectors, one, _before(one)) for one in self._filters()]
        states = self.dropout(self._active(torch.cat(answers, dim=2) if len(answers) > 1 else answers[0]))
        return States(states * batch.mask[:, :, None], batch.mask)

    def pooled(self, batch: Batch) -> States:
        """The largest numbers; see :meth:`Encoder.pooled`.

        The activation rises with its argument, so that it may follow the maximum, where there is far less to do.
        Dropout is that of the vector.
        """
        mask, nothing = batch.mask, batch.mask.new_zeros(*batch.mask.shape, 0)
        parts = parts_of(mask, self._chunks) if self._chunks > 1 else [mask]
        vectors = self.embedding(batch)
        found = [strongest(vectors, one, _before(one), parts) for one in self._filters()]
        in_order = [of_filters[number] for number in range(len(parts)) for of_filters in found]
        return States(nothing.float(), mask, self.dropout(self._active(torch.cat(in_order, dim=1))))

    def _filters(self) -> list[nn.Conv1d]:
        return [one for one in self.convolutions if isinstance(one, nn.Conv1d)]

    def _active(self, answers: Tensor) -> Tensor:
        return answers.relu() if self._options.activation == "relu" else answers.tanh()

    def pool(self, states: States) -> Tensor:
        """See :meth:`Encoder.pool`."""
        return maximum_over_tokens(states) if self._chunks == 1 else maximum_over_chunks(states, self._chunks)

    def layers(self) -> list[nn.Module]:
        """See :meth:`Encoder.layers`."""
        return [self.embedding, self.convolutions]


def _before(convolution: nn.Conv1d) -> int:
    return (convolution.kernel_size[0] - 1) // 2


def maximum_over_chunks(states: States, chunks: int) -> Tensor:
    """The largest value of each number over each of p parts of a document.

    Part j of a document of t tokens goes from token ``floor(j t / p)`` to before ``ceil((j + 1) t / p)``: parts are as
    equal as can be and never empty; they share tokens where t is no multiple of p.

    Returns:
        floats ``[B, p d]``.
    """
    parts = [maximum_over_tokens(States(states.tokens, part)) for part in parts_of(states.mask, chunks)]
    return torch.cat(parts, dim=1)


def parts_of(mask: Tensor, chunks: int) -> list[Tensor]:
    """The tokens of each part of the documents, as :func:`maximum_over_chunks` has them, each bool ``[B, T]``."""
    lengths = mask.sum(dim=1, keepdim=True)
    places = torch.arange(mask.shape[1], device=mask.device)
    bounds = [(chunk * lengths // chunks, -(-(chunk + 1) * lengths // chunks)) for chunk in range(chunks)]
    return [(places >= begin) & (places < stop) for begin, stop in bounds]
