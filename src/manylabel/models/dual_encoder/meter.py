"""Metrics of a dual encoder while it is trained."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from scipy.sparse import csr_matrix

from manylabel.core.labels import LabelSpace
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from manylabel.models.dual_encoder.scores import Scores
from manylabel.models.dual_encoder.search import best_threshold
from manylabel.models.dual_encoder.vectors import document_vectors, label_vectors
from manylabel.models.network.workshop import LISTED, Part, metrics_of
from manylabel.nn.dual_encoder import DualEncoder
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.losses.tiles import Positives
from manylabel.nn.nearest import largest_products
from manylabel.train.config import LOSS, TrainConfig
from manylabel.train.matching import LabelTexts
from manylabel.train.task import Measured
from manylabel.train.tiled import tiled_losses

_DOCUMENTS_AT_ONCE = 512


class DualMeter:
    """Takes metrics on a sample of the training documents and on the validation part: all labels are ranked.

    Args:
        network: the network.
        loss: by which it is trained.
        train: how.
        parts: training and validation part.
        texts: of the labels.
        labels: with counts.
        known: the labels that the loss is of, int64 ``[U]``.
        seed: of the sample.
    """

    def __init__(
        self,
        network: DualEncoder,
        loss: Loss,
        train: TrainConfig,
        parts: tuple[Part, Part | None],
        texts: LabelTexts,
        labels: LabelSpace,
        known: np.ndarray,
        *,
        seed: int,
    ) -> None:
        self._network, self._loss, self._train = network, loss, train
        self._texts, self._labels, self._known = texts, labels, known
        training, self._validation = parts
        wanted = min(train.train_metrics_documents, len(training))
        rows = np.sort(np.random.default_rng(seed).choice(len(training), wanted, replace=False))
        self._sample = training.select(rows) if wanted else None
        self._metrics = metrics_of(train)
        counts = np.asarray(training.corpus.positives.sum(axis=0)).ravel().astype(np.float32)
        self._counts = LabelCounts(torch.from_numpy(counts[known]), len(training))

    def __call__(self) -> Measured:
        """Measure."""
        device = self._network.documents.device
        labels = torch.from_numpy(label_vectors(self._network, self._texts, self._train)).to(device)
        train, validation, threshold = {}, {}, None
        if self._validation is not None:
            vectors = self._vectors(self._validation, labels)
            measured, threshold = self._of(self._validation, vectors, labels, None)
            validation = {LOSS: self._loss_of(vectors, labels, self._validation.corpus.positives), **measured}
        if self._sample is not None:
            train = self._of(self._sample, self._vectors(self._sample, labels), labels, threshold)[0]
        return Measured(train, validation, len(self._validation or ()))

    def _vectors(self, part: Part, labels: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(document_vectors(self._network, part.inputs, self._train)).to(labels.device)

    def _of(
        self, part: Part, vectors: torch.Tensor, labels: torch.Tensor, threshold: float | None
    ) -> tuple[dict[str, float], float | None]:
        """Metrics of documents, and the threshold of label sets, by default the best for these."""
        settings = Settings(metrics=self._metrics, groups=False, n_bootstrap=0)
        deepest = max([LISTED, *(name.k or 0 for name in settings.names)])
        width = min(deepest, len(labels))
        numbers, products = largest_products(vectors, labels, width)
        scores = Scores.of(self._loss, self._network.space.scale.item())
        indices = np.full((len(part), deepest), NO_LABEL, np.int32)
        given = np.full((len(part), deepest), -np.inf, np.float32)
        indices[:, :width], given[:, :width] = numbers.cpu().numpy(), scores.given(products.cpu().numpy())
        topk = TopK(indices, given, scores.kind, self._labels)
        threshold = best_threshold(topk, part.corpus.positives) if threshold is None else threshold
        topk = replace(topk, threshold=threshold)
        found = Evaluator(self._labels, settings).update(topk, part.corpus.positives).result()
        return {name: found[name] for name in self._metrics}, threshold

    def _loss_of(self, vectors: torch.Tensor, labels: torch.Tensor, positives: csr_matrix) -> float:
        known = torch.from_numpy(self._known).to(labels.device)
        own, truth = labels[known], csr_matrix(positives[:, self._known])
        counts = LabelCounts(self._counts.counts.to(labels.device), self._counts.documents)
        losses: list[float] = []
        for at in range(0, len(vectors), _DOCUMENTS_AT_ONCE):
            block = slice(at, at + _DOCUMENTS_AT_ONCE)
            placed = Positives.of_matrix(truth[block]).to(labels.device)
            scale = self._network.space.scale
            losses += tiled_losses(vectors[block], own, self._loss, placed, scale=scale, counts=counts).tolist()
        with_labels = max(int((np.diff(truth.indptr) > 0).sum()), 1)
        return math.fsum(losses) / with_labels
