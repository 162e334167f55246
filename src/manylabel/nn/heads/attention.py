"""Attention of labels over the tokens of a document, as two ways of the same arithmetic."""

from __future__ import annotations

import torch
from torch import Tensor

from manylabel.nn.inputs import States


def attention(states: States, queries: Tensor) -> Tensor:
    """The share of attention that each query gives each token.

    Args:
        states: of B documents; the padding gets no attention.
        queries: floats ``[Q, d]``, the same for all documents, or ``[B, Q, d]``.

    Returns:
        Floats ``[B, Q, T]``, rows of sum 1.
    """
    scores = queries @ states.tokens.transpose(1, 2)
    return shares(scores, states.mask[:, None, :], dim=2)


def shares(scores: Tensor, mask: Tensor, dim: int) -> Tensor:
    """The softmax of scores over their tokens; none for what the mask leaves out.

    Args:
        scores: floats, tokens along `dim`.
        mask: bool, broadcast against `scores`, true where there is a token.
        dim: along which they sum to 1.
    """
    scores = scores.masked_fill(~mask, -torch.inf)
    # In half precision sums over thousands of tokens would lose the small ones.
    return torch.softmax(scores, dim=dim, dtype=torch.promote_types(scores.dtype, torch.float32)).to(scores.dtype)
