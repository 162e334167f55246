"""The task of a dual encoder: documents and labels' texts, brought together or apart in one space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from manylabel.nn.dual_encoder import DualEncoder
from manylabel.nn.inputs import Batch, Inputs
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.tiles import ALONE, Positives
from manylabel.train import distributed, sharding
from manylabel.train.classification import Examples, Trainable
from manylabel.train.gradient_cache import encode_in_chunks
from manylabel.train.products import factors_of
from manylabel.train.task import Measured, ParameterGroup, Task
from manylabel.train.tiled import tiled_losses


@dataclass(frozen=True)
class LabelTexts:
    """What is read of the L labels.

    Attributes:
        inputs: of their texts.
        free_rows: int64 ``[L]``, the free vector that each has, -1 for none; None where no label has one.
    """

    inputs: Inputs
    free_rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def chunks(self, labels: np.ndarray, at_once: int, multiple: int) -> tuple[LabelChunk, ...]:
        """Batches of some labels in this order, each of at most `at_once`."""
        parts = [labels[at : at + at_once] for at in range(0, len(labels), at_once)]
        return tuple(
            LabelChunk(
                self.inputs.batch(part, multiple=multiple),
                None if self.free_rows is None else torch.from_numpy(self.free_rows[part]),
            )
            for part in parts
        )


@dataclass(frozen=True)
class LabelChunk:
    """Labels that are read together; see :meth:`DualEncoder.label_vectors`."""

    texts: Batch
    free_rows: Tensor | None

    def to(self, device: torch.device) -> LabelChunk:
        """The same on another device."""
        return LabelChunk(self.texts.to(device), None if self.free_rows is None else self.free_rows.to(device))


class LabelChoice(ABC):
    """Which labels a batch is compared with."""

    @abstractmethod
    def begin_epoch(self, epoch: int) -> None:
        """Get ready for an epoch, 0 for the first, with the network as it stands."""

    @abstractmethod
    def labels(self, rows: np.ndarray, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """Labels of a batch, int64 ``[U]``, each once.

        Args:
            rows: the documents int64 ``[B]``.
            positives: of these, bool CSR ``[B, L]``.
            random: decides what is drawn.
        """

    def order(self, random: np.random.Generator, n: int) -> np.ndarray:
        """The n documents in the order of an epoch, int64."""
        return random.permutation(n)


class AllLabels(LabelChoice):
    """The same labels for every batch.

    Args:
        known: int64 ``[U]``.
    """

    def __init__(self, known: np.ndarray) -> None:
        self.known = known

    def begin_epoch(self, epoch: int) -> None:
        """Nothing to do; see :meth:`LabelChoice.begin_epoch`."""

    def labels(self, rows: np.ndarray, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`LabelChoice.labels`."""
        return self.known


@dataclass(frozen=True)
class MatchedBatch:
    """Documents, and labels that they are compared with.

    Attributes:
        documents: B documents in chunks.
        labels: U labels, or this process's share of them, in chunks.
        positives: of the documents among the U labels.
        label_ids: int64 ``[U]``, which labels these are.
        first: place of the first label of the chunks among the U.
    """

    documents: tuple[Batch, ...]
    labels: tuple[LabelChunk, ...]
    positives: Positives
    label_ids: Tensor
    first: int

    def to(self, device: torch.device) -> MatchedBatch:
        """The same on another device."""
        return MatchedBatch(
            tuple(chunk.to(device) for chunk in self.documents),
            tuple(chunk.to(device) for chunk in self.labels),
            self.positives.to(device),
            self.label_ids.to(device),
            self.first,
        )


@dataclass(frozen=True)
class Sizes:
    """What is held at once.

    Attributes:
        texts: documents or labels whose states are kept for gradients.
        tile: labels of a tile of scores.
    """

    texts: int
    tile: int


class Matching(Task):
    """Trains a dual encoder so that documents lie near the texts of their labels.

    No scores ``[B, L]`` and no gradients of them are ever held, and states of no more than ``sizes.texts`` texts.

    Args:
        network: on its device.
        examples: training documents, each with at least one label.
        texts: of all L labels.
        loss: of the scores.
        choice: which labels a batch is compared with.
        trainable: which parameters move.
        measure: metrics of the network as it stands, on both parts.
        sizes: what is held at once.
    """

    adds_up_itself = True  # it works out chunk by chunk, many times a step, what torch would send around each time

    def __init__(
        self,
        network: DualEncoder,
        examples: Examples,
        texts: LabelTexts,
        loss: Loss,
        choice: LabelChoice,
        trainable: Trainable,
        measure: Callable[[], Measured],
        sizes: Sizes,
    ) -> None:
        super().__init__()
        self.network = network
        self.examples, self.texts, self.loss, self.choice = examples, texts, loss, choice
        self._trainable, self._measure, self._sizes = trainable, measure, sizes
        counts = np.bincount(examples.positives.indices, minlength=len(texts)).astype(np.float32)
        self.register_buffer("counts", torch.from_numpy(counts), persistent=False)
        self._fixed = _Fixed.of(self, choice.known) if isinstance(choice, AllLabels) else None

    def begin_epoch(self, epoch: int) -> None:
        """See :meth:`Task.begin_epoch`."""
        self.choice.begin_epoch(epoch)

    def rows(self, random: np.random.Generator) -> np.ndarray:
        """See :meth:`Task.rows`."""
        return self.choice.order(random, len(self.examples.inputs))

    def lengths(self) -> np.ndarray:
        """See :meth:`Task.lengths`."""
        return self.examples.inputs.lengths

    def collate(self, rows: np.ndarray, random: np.random.Generator) -> MatchedBatch:
        """See :meth:`Task.collate`."""
        inputs, multiple = self.examples.inputs, self.network.documents.multiple
        documents = tuple(
            inputs.batch(rows[at : at + self._sizes.texts], multiple=multiple)
            for at in range(0, len(rows), self._sizes.texts)
        )
        fixed = self._fixed
        if fixed is not None:
            placed = Positives.of_matrix(fixed.positives[rows])
            return MatchedBatch(documents, fixed.chunks, placed, fixed.label_ids, fixed.first)
        positives = self.examples.positives[rows]
        labels = _by_length(self.texts, self.choice.labels(rows, positives, random))
        placed = Positives.of_matrix(csr_matrix(positives[:, labels]))
        return MatchedBatch(documents, self._chunks(labels), placed, torch.from_numpy(labels), 0)

    def forward(self, batch: MatchedBatch) -> Tensor:
        """See :meth:`Task.forward`."""
        network, device = self.network, self.device
        documents = encode_in_chunks(network.document_vectors, batch.documents, device)
        labels = encode_in_chunks(
            lambda chunk: network.label_vectors(chunk.texts, chunk.free_rows), batch.labels, device
        )
        shared = self._fixed is not None and distributed.world_size() > 1
        positives, sizes = batch.positives, [len(documents)]
        if shared:
            sizes = sharding.sizes_of(len(documents), device)
            documents, positives = sharding.gather_rows(documents, sizes), _gathered(positives, sizes)
        every: Tensor = self.counts  # type: ignore[assignment]
        counts, n_documents = every[batch.label_ids], len(self.examples.inputs)
        own = counts[batch.first : batch.first + len(labels)]
        others = self.loss.uses_documents and (not shared or distributed.rank() == 0)
        losses = tiled_losses(
            documents,
            labels,
            self.loss,
            positives,
            scale=network.space.scale,
            counts=LabelCounts(own, n_documents),
            row_counts=LabelCounts(counts, n_documents),
            tile_size=self._sizes.tile,
            shards=sharding.Ranks() if shared else ALONE,
            n_labels=len(counts),
            first=batch.first,
            documents=documents if others else None,
            admissible=apart(positives, len(counts)) if others else None,
            factors=factors_of(documents.device),
        )
        return sharding.own_rows(losses, sizes) if shared else losses

    def measure(self) -> Measured:
        """See :meth:`Task.measure`."""
        return self._measure()

    def groups(self) -> Sequence[ParameterGroup]:
        """See :meth:`Task.groups`."""
        return self._trainable.groups

    def train(self, mode: bool = True) -> Matching:
        """Training mode for what learns; see :class:`Trainable`."""
        super().train(mode)
        for module in self._trainable.evaluated:
            module.eval()
        return self

    def names(self, rows: np.ndarray) -> list[str]:
        """See :meth:`Task.names`."""
        names = self.examples.names
        return super().names(rows) if names is None else [str(names[row]) for row in rows.tolist()]

    def _chunks(self, labels: np.ndarray) -> tuple[LabelChunk, ...]:
        return self.texts.chunks(labels, self._sizes.texts, self.network.label_encoder.multiple)


@dataclass(frozen=True)
class _Fixed:
    """What does not change from batch to batch where the labels are the same for all.

    Attributes:
        positives: of all documents among the U labels, bool CSR ``[n, U]``.
        chunks, label_ids, first: see :class:`MatchedBatch`.
    """

    positives: csr_matrix
    chunks: tuple[LabelChunk, ...]
    label_ids: Tensor
    first: int

    @classmethod
    def of(cls, task: Matching, known: np.ndarray) -> _Fixed:
        """Put labels in order, and take this process's share of them."""
        labels = _by_length(task.texts, known)
        first, stop = sharding.share(len(labels))
        own = labels[first:stop]
        positives = csr_matrix(task.examples.positives[:, labels])
        return cls(positives, task._chunks(own), torch.from_numpy(labels), first)


def _by_length(texts: LabelTexts, labels: np.ndarray) -> np.ndarray:
    """Labels with texts of like length next to one another: chunks with little padding."""
    return labels[np.argsort(texts.inputs.lengths[labels], kind="stable")]


def apart(positives: Positives, n_labels: int) -> Tensor:
    """Which documents of a batch have no label in common, bool ``[B, B]``; none is apart from itself."""
    places = (positives.rows.cpu().numpy(), positives.columns.cpu().numpy())
    own = csr_matrix((np.ones(len(places[0]), np.float32), places), shape=(positives.n_rows, n_labels))
    common = (own @ own.T).toarray() > 0
    np.fill_diagonal(common, val=True)
    return torch.from_numpy(~common).to(positives.rows.device)


def _gathered(positives: Positives, sizes: list[int]) -> Positives:
    """Those of all processes, whose documents come one process after the other."""
    before = sum(sizes[: distributed.rank()])
    places = torch.stack([positives.rows + before, positives.columns], dim=1)
    found = sharding.gather_rows(places, sharding.sizes_of(len(places), places.device))
    found = found[found[:, 1].argsort(stable=True)]
    ones = torch.ones(len(found), device=found.device)
    return Positives(found[:, 0].contiguous(), found[:, 1].contiguous(), ones, sum(sizes))
