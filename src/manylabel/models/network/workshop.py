"""What the stages of a network's training work on: the network, its documents, and how it is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from manylabel.models.network.config import NetworkConfig
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads.base import Head
from manylabel.nn.inputs import Inputs
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.network import TextNetwork
from manylabel.nn.scoring import best_labels
from manylabel.train.config import LOSS, TrainConfig
from manylabel.train.device import autocast
from manylabel.train.task import Measured

_METRICS = ("micro-F1", "macro-F1", "P@1", "nDCG@5")
LISTED = 100
"""Labels of a document that its label set is made of while training."""


@dataclass(frozen=True)
class Part:
    """Documents to train on or to measure on.

    Attributes:
        corpus: texts and labels.
        inputs: what the encoder takes of each.
    """

    corpus: Corpus
    inputs: Inputs

    def __len__(self) -> int:
        return len(self.inputs)

    def select(self, rows: np.ndarray) -> Part:
        """Some of the documents."""
        return Part(self.corpus.select(rows), self.inputs.select(rows))


@dataclass
class Workshop:
    """What a stage is given.

    Attributes:
        config: of the model.
        network: on its device; the stage leaves its result in it.
        labels: the label space.
        training: documents to learn from.
        validation: documents to measure on, or None.
        new_head: a head that has learned nothing.
        stages: where a checkpoint is kept and epochs are recorded.
        name: of the stage, different for each in the list.
        epochs_before: trained by the stages before.
        progress: where it is told.
    """

    config: NetworkConfig
    network: TextNetwork
    labels: LabelSpace
    training: Part
    validation: Part | None
    new_head: Callable[[], Head]
    stages: Stages = field(default_factory=Stages)
    name: str = ""
    epochs_before: int = 0
    progress: Progress = SILENT


class Meter:
    """Takes metrics of a network as it stands, on a sample of its training documents and on the validation part.

    Args:
        network: the network.
        loss: by which it is trained; the validation loss is this one's.
        train: of the training.
        parts: training and validation part.
        labels: with counts.
    """

    def __init__(
        self,
        network: TextNetwork,
        loss: Loss,
        train: TrainConfig,
        parts: tuple[Part, Part | None],
        labels: LabelSpace,
        *,
        seed: int,
    ) -> None:
        self._network, self._loss, self._train, self._labels = network, loss, train, labels
        training, self._validation = parts
        wanted = min(train.train_metrics_documents, len(training))
        rows = np.sort(np.random.default_rng(seed).choice(len(training), wanted, replace=False))
        self._sample = (
            training.select(rows) if wanted and np.diff(training.corpus.positives.indptr)[rows].any() else None
        )
        self._metrics = metrics_of(train)
        counts = np.asarray(training.corpus.positives.sum(axis=0)).ravel().astype(np.float32)
        self._counts = LabelCounts(torch.from_numpy(counts), len(training))

    def __call__(self) -> Measured:
        """Measure."""
        train = {} if self._sample is None else self._of(self._sample, with_loss=False)
        if self._validation is None:
            return Measured(train)
        return Measured(train, self._of(self._validation, with_loss=True), len(self._validation))

    def _of(self, part: Part, *, with_loss: bool) -> dict[str, float]:
        losses: list[float] = []
        positives = part.corpus.positives

        def watch(rows: np.ndarray, scores: Tensor) -> None:
            targets = torch.from_numpy(positives[rows].toarray().astype(np.float32)).to(scores.device)
            known = LabelCounts(self._counts.counts.to(scores.device), self._counts.documents)
            losses.extend(self._loss(scores, targets, labels=known).tolist())

        settings = Settings(metrics=self._metrics, groups=False, n_bootstrap=0)
        deepest = max([name.k or 0 for name in settings.names])
        topk = score(
            self._network,
            self._loss,
            part.inputs,
            max(min(LISTED, len(self._labels)), deepest),
            self._labels,
            self._train,
            watch=watch if with_loss else None,
        )
        found = Evaluator(self._labels, settings).update(topk, positives).result()
        values = {name: found[name] for name in self._metrics}
        return {LOSS: math.fsum(losses) / len(losses), **values} if with_loss else values


def metrics_of(train: TrainConfig) -> tuple[str, ...]:
    """What is measured after every epoch: the usual, and what early stopping goes by."""
    chosen = None if train.early_stopping is None else train.early_stopping.metric
    return _METRICS if chosen is None or chosen in (LOSS, *_METRICS) else (*_METRICS, chosen)


def read(encoder: Encoder, texts: Sequence[str], train: TrainConfig, progress: Progress = SILENT) -> Inputs:
    """What the encoder reads of texts; layers whose states are kept run as precisely as those above in training."""
    with autocast(train, encoder.device):
        return encoder.inputs(texts, progress=progress)


def score(
    network: TextNetwork,
    loss: Loss,
    inputs: Inputs,
    k: int,
    labels: LabelSpace,
    train: TrainConfig,
    *,
    watch: Callable[[np.ndarray, Tensor], None] | None = None,
    progress: Progress = SILENT,
) -> TopK:
    """The k best labels of documents, by a network in evaluation mode."""
    device = next(network.parameters()).device
    with progress.task("documents", len(inputs)) as advance, autocast(train, device):
        indices, scores = best_labels(
            network, inputs, k, n_labels=len(labels), outputs=loss.outputs, watch=watch, advance=advance
        )
    return TopK(indices, scores, loss.score_kind, labels)


def positives_of(corpus: Corpus) -> csr_matrix:
    """The label matrix without entries that are stored as false."""
    matrix = csr_matrix(corpus.positives, dtype=np.bool_, copy=True)
    matrix.eliminate_zeros()
    return matrix


def parents_of(labels: LabelSpace) -> np.ndarray:
    """Pairs of a label and its parent, where both are labels of the space, int64 ``[pairs, 2]``."""
    pairs: list[Sequence[int]] = [
        (child, labels.index(name))
        for child, names in enumerate(labels.parents or ())
        for name in names
        if name in labels
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def to_arrays(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """All parameters and buffers by name, on the CPU."""
    return {name: _numpy(value) for name, value in module.state_dict().items()}


def _numpy(value: Tensor) -> np.ndarray:
    """On the CPU; bfloat16, which numpy has not, as float32, which has each of its numbers."""
    return value.detach().cpu().to(torch.float32 if value.dtype == torch.bfloat16 else value.dtype).numpy()


def from_arrays(module: torch.nn.Module, arrays: dict[str, Any]) -> None:
    """Put values by name into a module; all of them must be there, and no others.

    Raises:
        ValueError: names or shapes do not fit.
    """
    try:
        # A copy: the arrays may be read-only maps of a file.
        module.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
    except RuntimeError as error:
        raise ValueError(str(error).partition("\n\t")[2].partition("\n")[0] or "the arrays do not fit") from None


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers begin at a seed inside the context, and go on outside as if nothing had been."""
    devices: Sequence[int] = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
