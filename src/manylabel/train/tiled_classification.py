"""The task of a head whose classifiers move tile by tile: no scores and no gradients of all labels are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from manylabel.nn.heads.tiled_linear import TiledLinear
from manylabel.nn.inputs import Batch
from manylabel.nn.losses.tiles import Positives
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Classification
from manylabel.train.products import factors_of
from manylabel.train.tiled import tiled_losses


@dataclass(frozen=True)
class MarkedBatch:
    """Documents and their labels.

    Attributes:
        inputs: of B documents.
        positives: of them, among all labels.
    """

    inputs: Batch
    positives: Positives

    def to(self, device: torch.device) -> MarkedBatch:
        """The same on another device."""
        return MarkedBatch(self.inputs.to(device), self.positives.to(device))


class TiledClassification(Classification):
    """Trains a network under the head `tiled-linear`; see :class:`Classification` for its arguments.

    The backward pass of a loss moves the classifiers at the rate that :meth:`begin_step` set. It is right where a step
    is one such pass over one batch, of which one process has all, with gradients as they are.

    Raises:
        ValueError: what needs all scores at once, or shortlists.
    """

    def check(self) -> None:
        """See :meth:`Classification.check`."""
        ways = self.ways
        if ways.shortlist or ways.label_smoothing or ways.r_drop or ways.mixup or ways.hierarchy:
            raise ValueError("the head tiled-linear takes losses of plain positives alone")

    def collate(self, rows: np.ndarray, random: np.random.Generator) -> MarkedBatch:  # type: ignore[override]
        """See :meth:`Task.collate`."""
        return MarkedBatch(self.inputs_of(rows, random), Positives.of_matrix(self.examples.positives[rows]))

    def forward(self, batch: MarkedBatch) -> Tensor:  # type: ignore[override]
        """See :meth:`Task.forward`."""
        head = self._head
        vectors = head.vectors(self.network.states(batch.inputs))
        return tiled_losses(
            vectors,
            head.weight,
            self.loss,
            batch.positives,
            bias=head.bias,
            counts=self.label_counts,
            tile_size=head.config.labels_at_once,
            take=head.move,
            factors=factors_of(vectors.device),
        )

    def begin_step(self, factor: float) -> None:
        """See :meth:`Task.begin_step`."""
        self._head.begin_step(factor)

    def advice(self) -> list[str]:
        """See :meth:`Task.advice`."""
        return ["a lower head.learning_rate", *super().advice()]

    def moved(self) -> Mapping[str, nn.Parameter]:
        """See :meth:`Task.moved`."""
        return {f"network.head.{name}": table for name, table in self._head.moved().items()}

    def state(self) -> Mapping[str, Tensor]:
        """See :meth:`Task.state`."""
        return self._head.state()

    @property
    def _head(self) -> TiledLinear:
        head = self.network.head
        assert isinstance(head, TiledLinear)
        return head


def classification_of(network: TextNetwork) -> type[Classification]:
    """The task that trains a network with this head."""
    return TiledClassification if network.head.moves_itself else Classification
