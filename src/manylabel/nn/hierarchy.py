"""Penalties that draw labels towards their parents."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from manylabel.nn.heads.base import Head


class Hierarchy(nn.Module):
    """Adds to the loss how far labels are from their parents.

    ``weights * mean |w_child - w_parent|^2 / 2`` over all pairs of label and parent (recursive regularisation, Gopal
    and Yang 2013, section 3.1), and ``scores * mean max(0, p_child - p_parent)``, where p is the logistic function of
    a score: a label should be no surer than what it is a kind of.

    Args:
        parents: int64 ``[pairs, 2]``, child and parent, as label numbers.
        weights: factor of the first.
        scores: factor of the second.
    """

    pairs: Tensor

    def __init__(self, parents: np.ndarray, *, weights: float, scores: float) -> None:
        super().__init__()
        self.register_buffer("pairs", torch.from_numpy(np.asarray(parents, np.int64)), persistent=False)
        self.weights, self.scores = weights, scores

    def forward(self, head: Head, scores: Tensor) -> Tensor:
        """What is added to the loss of every document: a scalar, or ``[B]``.

        Args:
            head: whose vectors of labels are drawn together.
            scores: logits of all labels ``[B, L]``.

        Raises:
            ValueError: the head has no vector for each label.
        """
        child, parent = self.pairs.T
        added = scores.new_zeros(())
        if self.weights > 0:
            vectors = head.label_weights()
            if vectors is None:
                raise ValueError("the head has no vector for each label that could be drawn to that of its parent")
            added = added + self.weights * (vectors[child] - vectors[parent]).square().sum(dim=1).mean() / 2
        if self.scores > 0:
            chances = scores.sigmoid()
            added = added + self.scores * (chances[:, child] - chances[:, parent]).relu().mean(dim=1)
        return added
