"""Documents as the vectors that an encoder has pooled already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from manylabel.core.progress import SILENT, Progress
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.inputs import Batch, Inputs, States

_TOKENS_AT_ONCE = 1 << 12


class PooledVectors(Encoder):
    """Stands in for an encoder that does not learn: its inputs are what the encoder has pooled, see
    :func:`pooled_vectors`. It has no parameters, is not in the table and lies in no run."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = self.pooled_width = width

    def fit(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Self:
        """Nothing is learned; see :meth:`Encoder.fit`."""
        return self

    def inputs(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Inputs:
        """Texts are no inputs of it."""
        raise TypeError("pooled vectors are made by the encoder that they stand in for")

    def forward(self, batch: Batch) -> States:
        """See :meth:`Encoder.forward`."""
        return States(batch.values, batch.mask)

    def pool(self, states: States) -> Tensor:
        """See :meth:`Encoder.pool`."""
        return states.tokens[:, 0]

    def layers(self) -> list[nn.Module]:
        """None; see :meth:`Encoder.layers`."""
        return []

    def write(self, writer: Any) -> None:
        """Nothing; see :meth:`Encoder.write`."""

    def restore(self, run: Any) -> None:
        """Nothing; see :meth:`Encoder.restore`."""


def pooled_vectors(encoder: Encoder, inputs: Inputs) -> Inputs:
    """The pooled vectors of n documents as inputs float32 ``[n, p]``, by an encoder in evaluation mode."""
    device = encoder.device
    vectors = np.zeros((len(inputs), encoder.pooled_width), np.float32)
    order = np.argsort(-inputs.lengths, kind="stable")
    at = 0
    while at < len(order):
        rows = order[at : at + max(1, _TOKENS_AT_ONCE // max(int(inputs.lengths[order[at]]), 1))]
        with torch.inference_mode():
            states = encoder(inputs.batch(rows, multiple=encoder.multiple).to(device))
            vectors[rows] = encoder.pool(states).float().cpu().numpy()
        at += len(rows)
    return Inputs(vectors, np.arange(len(inputs) + 1, dtype=np.int64))
