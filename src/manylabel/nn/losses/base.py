"""What every loss is: a formula on scores and positives, with its constants."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.core.config import Section
from manylabel.core.topk import ScoreKind

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LabelCounts:
    """What a loss may know of the labels that are scored.

    Attributes:
        counts: floats ``[L]`` or, for shortlists, ``[B, C]``: training documents of each label.
        documents: number of training documents.
    """

    counts: Tensor
    documents: int

    def of(self, label_ids: Tensor) -> LabelCounts:
        """Those of shortlists int64 ``[B, C]``; padding gets those of some label."""
        return LabelCounts(self.counts[label_ids.clamp(min=0)], self.documents)


class Loss(Section, ABC):
    """Base of all losses: a section of constants that is also the formula.

    Files of losses import torch only inside functions, so that configurations are checked without it.

    Attributes:
        needs_counts: whether the formula needs :class:`LabelCounts`.
        score_kind: what a trained score is: a ``probability`` once :meth:`outputs` is taken, or a ``margin``.
        starts_at_prior: whether scores that are probabilities should begin at the log-odds of the labels' priors.
    """

    needs_counts: ClassVar[bool] = False
    score_kind: ClassVar[ScoreKind] = "probability"
    starts_at_prior: ClassVar[bool] = True

    @abstractmethod
    def __call__(
        self, scores: Tensor, targets: Tensor, *, labels: LabelCounts | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """The loss of each document.

        Args:
            scores: logits, floats ``[B, C]``.
            targets: floats ``[B, C]``: 1 for positives and 0 for the others, or, where texts were mixed or labels
                smoothed, anything between.
            labels: counts of the labels; needed where `needs_counts`.
            mask: bool ``[B, C]``, false for padding, which adds nothing and gets no gradient; None where there is none.

        Returns:
            Floats ``[B]``, in the precision of `scores` but at least float32. Documents are apart: the mean over any
            batch is the loss of the batch.

        Raises:
            ValueError: counts are needed and not given.
        """

    def prepared(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, LabelCounts | None]:
        """Scores, targets and counts in one precision, at least float32, with zeros in the padding.

        Raises:
            ValueError: counts are needed and not given.
        """
        import torch

        if self.needs_counts and labels is None:
            raise ValueError(f"the loss {getattr(self, 'kind', '')} needs the number of documents of each label")
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        targets = targets.to(scores.dtype)
        if mask is not None:  # before any formula, so that padding can make neither NaN nor gradient
            scores, targets = scores.masked_fill(~mask, 0.0), targets.masked_fill(~mask, 0.0)
        if labels is not None:
            labels = LabelCounts(labels.counts.to(scores.dtype), labels.documents)
        return scores, targets, labels

    def label_weights(self, labels: LabelCounts) -> Tensor | None:
        """What a positive of each label weighs, shaped as the counts; None where all weigh the same, or where weights
        depend on the document too."""
        return None

    def outputs(self, scores: Tensor) -> Tensor:
        """What a score says in the end, ``[B, C]``: its probability by the logistic function, or the margin itself."""
        return scores.sigmoid() if self.score_kind == "probability" else scores


class ElementwiseLoss(Loss):
    """A loss that is a sum over labels; weights may depend on the other positives of the document.

    A subclass gives :meth:`elements`; sums, masks and precision are here.
    """

    reduction: Literal["mean", "sum"] = Field(
        default="mean", description="Over the labels of a document: mean keeps learning rates alike for any number."
    )

    def __call__(
        self, scores: Tensor, targets: Tensor, *, labels: LabelCounts | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Loss.__call__`."""
        scores, targets, labels = self.prepared(scores, targets, labels, mask)
        elements = self.elements(scores, targets, labels)
        if mask is not None:
            elements = elements.masked_fill(~mask, 0.0)
        total = elements.sum(dim=1)
        if self.reduction == "sum":
            return total
        return total / (max(scores.shape[1], 1) if mask is None else mask.sum(dim=1).clamp(min=1))

    @abstractmethod
    def elements(self, scores: Tensor, targets: Tensor, labels: LabelCounts | None) -> Tensor:
        """The loss of each document and label, floats ``[B, C]``, finite for every finite score."""
