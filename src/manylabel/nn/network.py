"""An encoder and a head: token numbers to scores."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads.base import Head
from manylabel.nn.inputs import Batch, States


@dataclass(frozen=True)
class Mixing:
    """How the documents of a batch are mixed with one another (mixup, Zhang et al. 2018, on states).

    Attributes:
        partners: int64 ``[B]``, with which document of the batch each is mixed.
        share: floats ``[B]``, how much of the document itself remains.
    """

    partners: Tensor
    share: Tensor

    def to(self, device: object) -> Mixing:
        """The same on another device."""
        return Mixing(self.partners.to(device), self.share.to(device))  # type: ignore[arg-type]

    def of(self, values: Tensor) -> Tensor:
        """Values ``[B, ...]``, mixed."""
        share = self.share.to(values.dtype).view(-1, *[1] * (values.dim() - 1))
        return share * values + (1 - share) * values[self.partners]


class TextNetwork(nn.Module):
    """The scores of labels for a batch of documents."""

    def __init__(self, encoder: Encoder, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def states(self, batch: Batch) -> States:
        """What the head reads of the documents."""
        return self.encoder.pooled(batch) if self.head.needs == "pooled" else self.encoder(batch)

    def forward(self, batch: Batch, label_ids: Tensor | None = None, mixing: Mixing | None = None) -> Tensor:
        """Scores ``[B, L]``, or ``[B, C]`` of a shortlist; see :meth:`Head.forward`."""
        states = self.states(batch)
        if mixing is not None:
            pooled = None if states.pooled is None else mixing.of(states.pooled)
            states = States(mixing.of(states.tokens), states.mask | states.mask[mixing.partners], pooled)
        return self.head(states, label_ids)
