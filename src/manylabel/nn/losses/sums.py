"""Losses that are sums over labels, tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manylabel.nn.losses.tiles import Positives, RowFormula, Shards, Tile

if TYPE_CHECKING:
    from torch import Tensor

    from manylabel.nn.losses.base import ElementwiseLoss


class SumFormula(RowFormula):
    """The sum, or the mean over labels, of an elementwise loss; tiles do not depend on one another.

    Args:
        loss: what each element costs.
        positives: of the documents.
        n_labels: what a mean is taken over.
        documents: see :meth:`ElementwiseLoss.of_documents`.
    """

    def __init__(
        self, loss: ElementwiseLoss, positives: Positives, n_labels: int | Tensor, documents: Tensor | None
    ) -> None:
        import torch

        super().__init__(positives)
        self._loss, self._documents = loss, documents
        self._over: int | Tensor = 1
        if loss.reduction == "mean":
            self._over = max(n_labels, 1) if isinstance(n_labels, int) else n_labels.clamp(min=1)
        # Added up in one place: numbers kept of each tile would lie between the tiles' memory and part it.
        self._total = torch.zeros_like(positives.totals)

    def gather(self, tile: Tile) -> None:
        """See :meth:`RowFormula.gather`."""
        self._total += self._elements(tile, tile.scores).sum(dim=1)

    def settle(self, shards: Shards) -> bool:
        """See :meth:`RowFormula.settle`."""
        self._total = shards.sum(self._total)
        return False

    def losses(self) -> Tensor:
        """See :meth:`RowFormula.losses`."""
        return self._total / self._over

    def slope(self, tile: Tile, weights: Tensor) -> Tensor:
        """See :meth:`RowFormula.slope`; the formula's own gradient."""
        import torch

        scores = tile.scores.detach().requires_grad_()
        with torch.enable_grad():
            elements = self._elements(tile, scores)
        (found,) = torch.autograd.grad(elements, scores, (weights / self._over)[:, None].expand_as(elements))
        return found

    def _elements(self, tile: Tile, scores: Tensor) -> Tensor:
        elements = self._loss.elements(scores, tile.targets(self.positives), tile.labels, self._documents)
        return elements if tile.mask is None else elements.masked_fill(~tile.mask, 0.0)
