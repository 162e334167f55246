"""The task of most models: documents with labels, scored by a network, judged by a loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from manylabel.nn.hierarchy import Hierarchy
from manylabel.nn.inputs import Batch, Inputs
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.label_smoothing import smooth
from manylabel.nn.losses.r_drop import r_drop
from manylabel.nn.network import Mixing, TextNetwork
from manylabel.train.task import Measured, ParameterGroup, Task

Shortlist = Callable[[np.ndarray, csr_matrix, np.random.Generator], tuple[np.ndarray, np.ndarray]]
"""Documents int64 ``[B]`` and their positives ``[B, L]`` to labels int64 ``[B, C]`` (negative: padding) and targets
float32 ``[B, C]``."""


@dataclass(frozen=True)
class Examples:
    """Training documents.

    Attributes:
        inputs: of n documents.
        positives: bool CSR ``[n, L]``.
        names: of the documents, for messages; None for their numbers.
    """

    inputs: Inputs
    positives: csr_matrix
    names: Sequence[str] | None = None


@dataclass(frozen=True)
class Ways:
    """What is done with scores and documents beside the loss itself; everything is off by default.

    Attributes:
        rows: the documents of an epoch in order, from label matrix and random numbers; by default each once.
        shortlist: labels that are scored for each document; by default all.
        augmented: new inputs of some documents, in place of those that are kept.
        label_smoothing: mass that is taken from positives.
        r_drop: weight of the difference between two passes with different dropout.
        mixup: alpha of the beta distribution that mixing shares are drawn from; 0 for none.
        hierarchy: penalties that draw labels to their parents.
    """

    rows: Callable[[csr_matrix, np.random.Generator], np.ndarray] | None = None
    shortlist: Shortlist | None = None
    augmented: Callable[[np.ndarray, np.random.Generator], Inputs] | None = None
    label_smoothing: float = 0.0
    r_drop: float = 0.0
    mixup: float = 0.0
    hierarchy: Hierarchy | None = None


@dataclass(frozen=True)
class ScoredBatch:
    """Documents and what their scores should be.

    Attributes:
        inputs: of B documents.
        targets: floats ``[B, L]`` or ``[B, C]``.
        label_ids: int64 ``[B, C]``, a shortlist, or None for all labels.
        mixing: where documents are mixed.
    """

    inputs: Batch
    targets: Tensor
    label_ids: Tensor | None = None
    mixing: Mixing | None = None

    def to(self, device: torch.device) -> ScoredBatch:
        """The same on another device."""
        return ScoredBatch(
            self.inputs.to(device),
            self.targets.to(device, non_blocking=True),
            None if self.label_ids is None else self.label_ids.to(device, non_blocking=True),
            None if self.mixing is None else self.mixing.to(device),
        )


@dataclass
class Trainable:
    """Which parameters move, and how fast.

    Attributes:
        groups: from the input upwards, the head last.
        evaluated: modules that stay in evaluation mode, since they do not learn.
    """

    groups: Sequence[ParameterGroup]
    evaluated: Sequence[torch.nn.Module] = field(default_factory=tuple)


class Classification(Task):
    """Trains a network to give documents their labels.

    Args:
        network: on its device.
        examples: what it is trained on.
        loss: of scores and targets.
        trainable: which parameters move.
        measure: metrics of the network as it stands, on both parts.
        ways: what else is done.
    """

    def __init__(
        self,
        network: TextNetwork,
        examples: Examples,
        loss: Loss,
        trainable: Trainable,
        measure: Callable[[], Measured],
        ways: Ways | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.examples, self.loss, self.ways = examples, loss, ways or Ways()
        self._trainable, self._measure = trainable, measure
        self._multiple = network.encoder.multiple
        counts = np.bincount(examples.positives.indices, minlength=examples.positives.shape[1])
        self.register_buffer("counts", torch.from_numpy(counts.astype(np.float32)), persistent=False)
        self.check()

    def check(self) -> None:
        """Make sure that it can be trained in these ways.

        Raises:
            ValueError: it cannot.
        """

    def rows(self, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Task.rows`."""
        if self.ways.rows is None:
            return random.permutation(len(self.examples.inputs))
        return self.ways.rows(self.examples.positives, random)

    def lengths(self) -> np.ndarray:
        """See :meth:`Task.lengths`."""
        return self.examples.inputs.lengths

    def collate(self, rows: np.ndarray, random: np.random.Generator) -> ScoredBatch:
        """See :meth:`Task.collate`."""
        ways, inputs = self.ways, self.inputs_of(rows, random)
        positives = self.examples.positives[rows]
        label_ids = None
        if ways.shortlist is None:
            targets = torch.from_numpy(positives.toarray().astype(np.float32))
        else:
            ids, marked = ways.shortlist(rows, positives, random)
            label_ids, targets = torch.from_numpy(ids), torch.from_numpy(marked)
        mixing = None
        if ways.mixup > 0:
            share = torch.from_numpy(random.beta(ways.mixup, ways.mixup, len(rows)).astype(np.float32))
            mixing = Mixing(torch.from_numpy(random.permutation(len(rows))), share)
            targets = mixing.of(targets)
        return ScoredBatch(inputs, targets, label_ids, mixing)

    def inputs_of(self, rows: np.ndarray, random: np.random.Generator) -> Batch:
        """What the encoder reads of documents, augmented if that is wanted."""
        if self.ways.augmented is None:
            return self.examples.inputs.batch(rows, multiple=self._multiple)
        return self.ways.augmented(rows, random).batch(np.arange(len(rows)), multiple=self._multiple)

    def forward(self, batch: ScoredBatch) -> Tensor:
        """See :meth:`Task.forward`."""
        ways, ids = self.ways, batch.label_ids
        mask = None if ids is None else ids >= 0
        known = self.label_counts if ids is None else self.label_counts.of(ids)
        targets = (
            smooth(batch.targets, known, ways.label_smoothing, mask=mask) if ways.label_smoothing else batch.targets
        )
        scores = self.network(batch.inputs, ids, batch.mixing)
        losses = self.loss(scores, targets, labels=known, mask=mask)
        if ways.r_drop > 0:
            again = self.network(batch.inputs, ids, batch.mixing)
            losses = 0.5 * (losses + self.loss(again, targets, labels=known, mask=mask))
            losses = losses + ways.r_drop * r_drop(scores, again, mask=mask)
        if ways.hierarchy is not None:
            losses = losses + ways.hierarchy(self.network.head, scores)
        return losses

    @property
    def label_counts(self) -> LabelCounts:
        """Training documents of all labels."""
        counts: Tensor = self.counts  # type: ignore[assignment]
        return LabelCounts(counts, len(self.examples.inputs))

    def train(self, mode: bool = True) -> Classification:
        """Training mode for what learns; see :class:`Trainable`."""
        super().train(mode)
        for module in self._trainable.evaluated:
            module.eval()
        return self

    def measure(self) -> Measured:
        """See :meth:`Task.measure`."""
        return self._measure()

    def groups(self) -> Sequence[ParameterGroup]:
        """See :meth:`Task.groups`."""
        return self._trainable.groups

    def names(self, rows: np.ndarray) -> list[str]:
        """See :meth:`Task.names`."""
        names = self.examples.names
        return super().names(rows) if names is None else [str(names[row]) for row in rows.tolist()]

    def advice(self) -> list[str]:
        """See :meth:`Task.advice`."""
        options: dict[str, Any] = self.loss.model_dump()
        return [f"a cap on the weights of the loss {options['kind']}"] if options.get("cap", 0) is None else []
