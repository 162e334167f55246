"""Label smoothing that gives ten thousand negatives together no more than ten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manylabel.nn.losses.base import LabelCounts

if TYPE_CHECKING:
    from torch import Tensor


def smooth(targets: Tensor, labels: LabelCounts, amount: float, *, mask: Tensor | None = None) -> Tensor:
    """``y (1 - e) + e min(sum y, 1) q_l``, where q spreads over the negatives as their labels' documents do.

    q_l is ``(1 - y_l) n_l`` over its sum in the row, n_l taken as at least 1. So all negatives of a document together
    get no more than e, however many they are; smoothing each of L labels by e would give them L e. A document
    without positives stays as it is. The idea of a prior in place of equal parts: Szegedy et al., Rethinking the
    Inception Architecture (CVPR 2016), section 7.

    Args:
        targets: floats ``[B, C]`` between 0 and 1.
        labels: counts of the labels.
        amount: e, at least 0 and less than 0.5; 0 returns the targets themselves.
        mask: bool ``[B, C]``, false for padding, which gets nothing; None where there is none.

    Returns:
        Floats ``[B, C]``.

    Raises:
        ValueError: the amount is out of range.
    """
    if not 0.0 <= amount < 0.5:
        raise ValueError(f"label smoothing of {amount}: expected at least 0 and less than 0.5")
    if amount == 0.0:
        return targets
    room = (1.0 - targets) * labels.counts.to(targets.dtype).clamp(min=1)
    if mask is not None:
        room = room.masked_fill(~mask, 0.0)
    given = amount * targets.sum(dim=1, keepdim=True).clamp(max=1)
    return targets * (1.0 - amount) + given * room / room.sum(dim=1, keepdim=True).clamp(min=1e-12)
