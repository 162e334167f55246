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
        scores, targets, _ = self.prepared(scores, targets, labels, mask)
        if not scores.shape[1]:
            return scores.sum(dim=1)
        # Finite, since minus infinity in a whole row would make NaN.
        among = scores if mask is None else scores.masked_fill(~mask, -1e30)
        total = targets.sum(dim=1).clamp(min=1e-12)
        # Differences first: large scores cancel before they are added up.
        return ((among.logsumexp(dim=1, keepdim=True) - scores) * targets).sum(dim=1) / total

    def outputs(self, scores: Tensor) -> Tensor:
        """Softmax probabilities ``[B, C]``, over the labels that were scored; padding has to be minus infinity."""
        return scores.softmax(dim=1)
