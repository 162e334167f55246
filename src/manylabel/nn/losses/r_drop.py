"""R-Drop: two passes with different dropout should say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def r_drop(first: Tensor, second: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """How far two passes over the same documents differ: the mean over labels of the symmetric Kullback-Leibler
    divergence of their yes-or-no probabilities.

    ``(KL(p || q) + KL(q || p)) / 2 = (p - q)(z_p - z_q) / 2`` for probabilities p, q of logits z_p, z_q: no logarithm,
    finite for all logits. To be added, times a weight (0.5 to 5), to the mean of the losses of the two passes.

    Source: Liang et al., R-Drop: Regularized Dropout for Neural Networks (NeurIPS 2021), section 2.2, whose softmax is
    here a yes or no for each label, and whose sum over classes a mean over labels, as that of the losses.

    Args:
        first: logits, floats ``[B, C]``.
        second: logits of the other pass, ``[B, C]``.
        mask: bool ``[B, C]``, false for padding; None where there is none.

    Returns:
        Floats ``[B]``, at least 0, in the precision of the logits but at least float32.
    """
    import torch

    precision = torch.promote_types(first.dtype, torch.float32)
    first, second = first.to(precision), second.to(precision)
    if mask is not None:
        first, second = first.masked_fill(~mask, 0.0), second.masked_fill(~mask, 0.0)
    divergence = (first.sigmoid() - second.sigmoid()) * (first - second)
    labels = max(first.shape[1], 1) if mask is None else mask.sum(dim=1).clamp(min=1)
    return divergence.sum(dim=1) / (2 * labels)
