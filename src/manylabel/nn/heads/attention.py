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
    scores = scores.masked_fill(~states.mask[:, None, :], -torch.inf)
    # In half precision sums over thousands of tokens would lose the small ones.
    return torch.softmax(scores, dim=-1, dtype=torch.promote_types(scores.dtype, torch.float32)).to(scores.dtype)
