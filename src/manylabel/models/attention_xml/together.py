"""The task that trains all levels of a label tree at once: one encoder, and the loss of every level in each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from manylabel.models.attention_xml.descent import LevelsNetwork, score_level
from manylabel.models.attention_xml.levels import loss_among, targets_among
from manylabel.nn.inputs import Batch, Inputs, States
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.train.classification import Classification, Examples, Trainable
from manylabel.train.task import Measured
from manylabel.trees.label_tree import LabelTree


@dataclass(frozen=True)
class LevelsBatch:
    """Documents and their nodes.

    Attributes:
        inputs: of B documents.
        positives: for each level the nodes with labels of each document, CSR ``[B, nodes of the level]``, sorted.
    """

    inputs: Batch
    positives: tuple[csr_matrix, ...]

    def to(self, device: torch.device) -> LevelsBatch:
        """The same with inputs on another device."""
        return LevelsBatch(self.inputs.to(device), self.positives)


class Together(Classification):
    """Trains an encoder and the heads of all levels in the same steps.

    A batch is encoded once. The first level scores all of its nodes, each following one the children of some nodes of
    a document: its true ones, then the best by the present scores, multiplied down the path as in prediction. These are
    the scores of the step itself, with its dropout, and which nodes are chosen has no gradient. The loss of a document
    is the mean over levels of its loss at each.

    Source: Kharbanda, Banerjee, Schultheis, Babbar, CascadeXML, NeurIPS 2022. What differs: CascadeXML reads lower
    layers of a transformer at upper levels of the tree and the last layer at the labels, here all levels read the last;
    and any encoder and head will do. With `torch_compile` the encoder is compiled, the way down the tree is not.

    Args:
        network: on its device.
        tree: the label tree.
        inputs: of n training documents.
        positives: for each level the nodes with labels of each document, CSR ``[n, nodes of the level]``, sorted.
        loss: of scores and targets.
        trainable: which parameters move.
        measure: metrics of the network as it stands, on both parts.
        width: nodes of a level whose children are scored.
        names: of the documents, for messages.
    """

    network: LevelsNetwork

    def __init__(
        self,
        network: LevelsNetwork,
        tree: LabelTree,
        inputs: Inputs,
        positives: Sequence[csr_matrix],
        loss: Loss,
        trainable: Trainable,
        measure: Callable[[], Measured],
        *,
        width: int,
        names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(network, Examples(inputs, positives[-1], names), loss, trainable, measure)
        self._tree, self._positives, self._width = tree, tuple(positives), width
        for level, known in enumerate(positives[:-1]):
            counts = np.bincount(known.indices, minlength=known.shape[1]).astype(np.float32)
            self.register_buffer(f"counts{level}", torch.from_numpy(counts), persistent=False)

    def collate(self, rows: np.ndarray, random: np.random.Generator) -> LevelsBatch:  # type: ignore[override]
        """See :meth:`Task.collate`."""
        del random
        inputs = self.examples.inputs.batch(rows, multiple=self._multiple)
        return LevelsBatch(inputs, tuple(positives[rows] for positives in self._positives))

    def forward(self, batch: LevelsBatch) -> Tensor:  # type: ignore[override]
        """See :meth:`Task.forward`."""
        descend: Any = torch.compiler.disable(self._losses)  # it works with arrays and sparse matrices
        return descend(self.network.states(batch.inputs), batch.positives)

    def _losses(self, states: States, positives: Sequence[csr_matrix]) -> Tensor:
        losses, beam, last = [], None, self._tree.depth - 1
        for level, (head, known) in enumerate(zip(self.network.heads, positives, strict=True)):
            scored = score_level(head, states, self._tree, level, beam)
            targets = targets_among(scored.candidates, known)
            losses.append(loss_among(self.loss, scored.scores, targets, scored.candidates, self._counts_at(level)))
            if level < last:
                beam = scored.true_first(targets, self._width)
        return torch.stack(losses).mean(dim=0)

    def _counts_at(self, level: int) -> LabelCounts:
        if level == self._tree.depth - 1:
            return self.label_counts
        counts: Tensor = getattr(self, f"counts{level}")
        return LabelCounts(counts, len(self.examples.inputs))
