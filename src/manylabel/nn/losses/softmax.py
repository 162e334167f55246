"""Softmax over all labels, with several positives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from manylabel.nn.losses.base import LabelCounts, Loss

if TYPE_CHECKING:
    from torch import Tensor


class Softmax(Loss):
    """``log sum_l e^(z_l) - mean_p z_p``: cross-entropy with ``1 / positives`` on each positive of the document.

    Least where the positives share all probability in equal parts, so at the logarithm of their number, not at 0; a
    positive with more than its part is pushed down. Targets between 0 and 1 weigh the mean. A document without
    positives costs nothing.

    :meth:`outputs` are softmax probabilities: they sum to 1 over the labels that were scored, so a good threshold
    falls with the number of positives.

    Source: Joulin et al., Learning Visual Features from Large Weakly Supervised Data (ECCV 2016), section 3.
    """

    kind: Literal["softmax"] = "softmax"

    def __call__(
        self, scores: Tensor, targets: Tensor, *, labels: LabelCounts | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Loss.__call__`."""
        import torch
        from torch.nn import functional

        scores, targets, _ = self.prepared(scores, targets, labels, mask)
        share = targets / targets.sum(dim=1, keepdim=True).clamp(min=1e-12)
        lowest = torch.finfo(scores.dtype).min
        # Finite, since minus infinity in a whole row would make NaN; the last column is there for an empty shortlist.
        among = functional.pad(scores if mask is None else scores.masked_fill(~mask, lowest), (0, 1), value=lowest)
        # Differences first: the sum of a row's shares is 1 or 0, and large scores cancel before they are added up.
        return ((among.logsumexp(dim=1, keepdim=True) - scores) * share).sum(dim=1)

    def outputs(self, scores: Tensor) -> Tensor:
        """Softmax probabilities ``[B, C]``, over the labels that were scored; padding has to be minus infinity."""
        return scores.softmax(dim=1)
