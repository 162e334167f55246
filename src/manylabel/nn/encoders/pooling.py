"""One vector for each document from the states of its tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from manylabel.nn.encoders.base import maximum_over_tokens, mean_over_tokens
from manylabel.nn.inputs import States


class AttentionPooling(nn.Module):
    """A mean of the states weighted by how well each fits one learned query (Yang et al. 2016, section 2.2).

    Weights are the softmax over tokens of ``query . tanh(W h + b)``.

    Args:
        width: numbers of a state.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width)
        self.query = nn.Linear(width, 1, bias=False)

    def forward(self, states: States) -> Tensor:
        """Floats ``[B, d]``."""
        fits = self.query(torch.tanh(self.hidden(states.tokens))).squeeze(-1)
        weights = fits.masked_fill(~states.mask, -float("inf")).softmax(dim=1)
        return torch.einsum("bt,btd->bd", weights, states.tokens)


def pool_simply(states: States, pooling: str) -> Tensor:
    """Pool without parameters, floats ``[B, d]``.

    Args:
        states: of tokens.
        pooling: ``first``, ``mean`` or ``max``.
    """
    if pooling == "first":
        return states.tokens[:, 0]
    return mean_over_tokens(states) if pooling == "mean" else maximum_over_tokens(states)
