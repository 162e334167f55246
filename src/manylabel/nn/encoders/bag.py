"""Words without their order."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from manylabel.nn.encoders.bag_config import BagConfig
from manylabel.nn.encoders.pooling import AttentionPooling, pool_simply
from manylabel.nn.encoders.word_encoder import WordEncoder
from manylabel.nn.inputs import Batch, States


class Bag(WordEncoder):
    """States are the vectors of the words; pooled, their mean (the encoder of fastText, Joulin et al. 2017)."""

    def __init__(self, section: BagConfig) -> None:
        super().__init__(section)
        self._pooling = section.pooling

    def build(self, width: int) -> None:
        """See :meth:`WordEncoder.build`."""
        self.width = self.pooled_width = width
        self.attention = AttentionPooling(width) if self._pooling == "attention" else None

    def forward(self, batch: Batch) -> States:
        """The vectors of the words; see :meth:`Encoder.forward`."""
        return States(self.embedding(batch), batch.mask)

    def pool(self, states: States) -> Tensor:
        """See :meth:`Encoder.pool`."""
        return pool_simply(states, self._pooling) if self.attention is None else self.attention(states)

    def pooled(self, batch: Batch) -> States:
        """See :meth:`Encoder.pooled`. Without dropout the mean is taken as words are looked up: a tenth of the time."""
        if self._pooling != "mean" or (self.training and self.embedding.dropout.p > 0):
            return super().pooled(batch)
        lengths = batch.mask.sum(dim=1)
        offsets = lengths.cumsum(0) - lengths
        words = batch.values[batch.mask]
        table = self.embedding.table
        mean = functional.embedding_bag(words, table.weight, offsets, mode="mean", sparse=table.sparse)
        return States(mean.new_zeros((*batch.mask.shape, 0)), batch.mask, mean)

    def layers(self) -> list[nn.Module]:
        """See :meth:`Encoder.layers`."""
        return [self.embedding] if self.attention is None else [self.embedding, self.attention]
