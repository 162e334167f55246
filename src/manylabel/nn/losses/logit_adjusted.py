"""Cross-entropy of scores to which the frequency of the label was added."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.nn.losses.base import ElementwiseLoss, LabelCounts
from manylabel.nn.losses.frequency import log_odds

if TYPE_CHECKING:
    from torch import Tensor


class LogitAdjusted(ElementwiseLoss):
    """``BCE(z + tau log(n_l / (N - n_l)), y)``: the score has to explain only what the frequency does not.

    Prediction uses z as it is, without the frequency: with tau 1 its logistic function is the probability that the
    label would have if every label were true of half of all documents. Rare labels so rank higher, precision falls.
    Output biases should start at 0 here, not at the prior, which would count it twice.

    Source: Menon et al., Long-Tail Learning via Logit Adjustment (ICLR 2021), section 5 (their equation for softmax,
    with log-odds in place of log-priors since each label is a yes or no of its own); mean over labels here.
    """

    kind: Literal["logit-adjusted"] = "logit-adjusted"
    needs_counts: ClassVar[bool] = True
    starts_at_prior: ClassVar[bool] = False  # the formula adds it
    tau: float = Field(default=1.0, ge=0, le=10, description="How much of the frequency is added.")

    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """See :meth:`ElementwiseLoss.elements`."""
        from torch.nn import functional

        assert labels is not None
        adjusted = scores + self.tau * log_odds(labels)
        return functional.binary_cross_entropy_with_logits(adjusted, targets, reduction="none")
