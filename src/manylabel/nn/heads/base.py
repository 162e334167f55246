"""What every head is: states to scores, of all labels or of a shortlist."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from torch import Tensor, nn

from manylabel.nn.inputs import States


class Head(nn.Module, ABC):
    """Base of all heads. A head is made as ``Head(section, width, pooled_width, n_labels)``.

    Parameters are float32, drawn from torch's generator, which the caller seeds.

    Attributes:
        needs: what it reads of the states: the ``tokens`` or the ``pooled`` vector.
        bias: the output bias of each label ``[L]``, a parameter, so that it can start at the label's prior.
        by_row: names of own parameters whose gradients hold the rows of a shortlist alone.
        moves_itself: whether its classifiers have no gradient and move while a loss is taken back; see
            :class:`TiledLinear`.
    """

    needs: ClassVar[Literal["tokens", "pooled"]]
    bias: nn.Parameter
    by_row: tuple[str, ...] = ()
    moves_itself: ClassVar[bool] = False

    @abstractmethod
    def forward(self, states: States, label_ids: Tensor | None = None) -> Tensor:
        """Scores (logits) of labels.

        Args:
            states: of B documents.
            label_ids: int64 ``[B, C]``, a shortlist for each document; negative numbers are padding. None: all.

        Returns:
            Floats ``[B, L]`` or ``[B, C]``. Scores of padding are finite and of no consequence.
        """

    def label_weights(self) -> nn.Parameter | None:
        """The vectors of the labels ``[L, d]`` where the head has one for each, that can be started from the labels'
        texts and be drawn towards those of their parents; None where it has none."""
        return None

    def classifiers(self) -> nn.Parameter | None:
        """The vectors of the labels ``[L, d]`` whose product with what the label sees is its score; None where it has
        none of its own. Their lengths tell frequent labels from rare ones, see tau-normalisation."""
        return None
