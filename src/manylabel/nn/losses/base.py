"""What every loss is: a formula on scores and positives, with its constants."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from manylabel.core.config import Section
from manylabel.core.topk import ScoreKind
from manylabel.nn.losses.tiles import Positives, RowFormula

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

    def at(self, positives: Positives) -> Tensor:
        """Those of positives, floats ``[m]``."""
        if self.counts.dim() == 1:
            return self.counts.index_select(0, positives.columns)
        return self.counts[positives.rows, positives.columns]

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
        hard_targets: whether a label is a positive or not, whatever little weight it has: labels cannot be smoothed.
        uses_documents: whether other documents are negatives too, which takes vectors of documents.
    """

    needs_counts: ClassVar[bool] = False
    score_kind: ClassVar[ScoreKind] = "probability"
    starts_at_prior: ClassVar[bool] = True
    hard_targets: ClassVar[bool] = False
    uses_documents: ClassVar[bool] = False

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

    def check_labels(self, n_labels: int) -> None:
        """Make sure that the loss can be had of so many labels.

        Raises:
            ConfigError: it cannot.
        """

    @abstractmethod
    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """The same loss, worked out tile by tile.

        Args:
            positives: of B documents.
            n_labels: L, the number of labels in all tiles; or int64 ``[B]``, that of each document.
            labels: counts of all labels that are scored; needed where `needs_counts`.

        Raises:
            ValueError: counts are needed and not given, or there are too few labels.
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

    A subclass gives :meth:`elements`, and :meth:`of_documents` where `weighs_documents`; sums, masks, precision and
    tiles are here.
    """

    @property
    def weighs_documents(self) -> bool:
        """Whether an element hangs on the other positives of its document, too."""
        return False

    reduction: Literal["mean", "sum"] = Field(
        default="mean", description="Over the labels of a document: mean keeps learning rates alike for any number."
    )

    def __call__(
        self, scores: Tensor, targets: Tensor, *, labels: LabelCounts | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Loss.__call__`."""
        scores, targets, labels = self.prepared(scores, targets, labels, mask)
        documents = None
        if self.weighs_documents:
            assert labels is not None
            documents = self.of_documents(Positives.of_targets(targets, one_tile=True), labels)
        elements = self.elements(scores, targets, labels, documents)
        if mask is not None:
            elements = elements.masked_fill(~mask, 0.0)
        total = elements.sum(dim=1)
        if self.reduction == "sum":
            return total
        return total / (max(scores.shape[1], 1) if mask is None else mask.sum(dim=1).clamp(min=1))

    def formula(self, positives: Positives, n_labels: int | Tensor, labels: LabelCounts | None = None) -> RowFormula:
        """See :meth:`Loss.formula`."""
        from manylabel.nn.losses.sums import SumFormula

        if self.needs_counts and labels is None:
            raise ValueError(f"the loss {getattr(self, 'kind', '')} needs the number of documents of each label")
        documents = self.of_documents(positives, labels) if self.weighs_documents and labels is not None else None
        return SumFormula(self, positives, n_labels, documents)

    def of_documents(self, positives: Positives, labels: LabelCounts) -> Tensor:
        """What :meth:`elements` needs of a document's positives, whichever labels are looked at: floats ``[B]``, by
        default the sum of its targets.

        Args:
            positives: of B documents.
            labels: counts ``[L]``, or ``[B, C]`` for shortlists.
        """
        del labels
        return positives.totals

    @abstractmethod
    def elements(
        self, scores: Tensor, targets: Tensor, labels: LabelCounts | None, documents: Tensor | None = None
    ) -> Tensor:
        """The loss of each document and label, floats ``[B, C]``, finite for every finite score.

        Args:
            scores: floats ``[B, C]``.
            targets: of their shape.
            labels: counts of these labels.
            documents: what :meth:`of_documents` gave.
        """


class RowLoss(Loss):
    """A loss that hangs on a few numbers of each document, such as the sum of exponentials of its scores.

    A subclass gives :meth:`formula`; on dense scores that is run over one tile, and only the scores are kept for the
    gradient.
    """

    def __call__(
        self, scores: Tensor, targets: Tensor, *, labels: LabelCounts | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Loss.__call__`."""
        from manylabel.nn.losses.one_tile import on_one_tile

        scores, targets, labels = self.prepared(scores, targets, labels, mask)
        if not scores.shape[1]:
            return scores.sum(dim=1)
        return on_one_tile(self, scores, targets, labels, mask)
