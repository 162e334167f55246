"""One level of the tree: what it is trained and measured on, and the step of the beam through it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn import functional

from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.topk import NO_LABEL, TopK
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings
from manylabel.models.network.workshop import LISTED, metrics_of
from manylabel.nn.inputs import Inputs
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.network import TextNetwork
from manylabel.nn.scoring import best_candidates, best_labels
from manylabel.train.classification import Shortlist
from manylabel.train.config import LOSS, TrainConfig
from manylabel.train.device import autocast
from manylabel.train.task import Measured
from manylabel.trees.candidates import children_of, targets_of
from manylabel.trees.label_tree import LabelTree


@dataclass(frozen=True)
class Beam:
    """The best nodes of documents at one level.

    Attributes:
        nodes: int32 ``[n, b]``, positions in the level, best first, -1 pads.
        log_scores: float32 ``[n, b]``: the logarithm of the product of probabilities down the path.
    """

    nodes: np.ndarray
    log_scores: np.ndarray

    def select(self, rows: np.ndarray) -> Beam:
        """Some of the documents."""
        return Beam(self.nodes[rows], self.log_scores[rows])

    def to_arrays(self, name: str) -> dict[str, np.ndarray]:
        """Both arrays, for a stage."""
        return {f"{name}-nodes": self.nodes, f"{name}-log-scores": self.log_scores}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], name: str) -> Beam:
        """What :meth:`to_arrays` gave."""
        return cls(arrays[f"{name}-nodes"], arrays[f"{name}-log-scores"])


@dataclass(frozen=True)
class LevelPart:
    """Documents as one level sees them.

    Attributes:
        inputs: of n documents.
        positives: CSR ``[n, nodes of the level]``, sorted.
        above: the beam of the level above; None at the first level, and where all levels are searched at once.
        upper: where all levels are searched at once, the positives of the levels above, from the first on.
    """

    inputs: Inputs
    positives: csr_matrix
    above: Beam | None
    upper: tuple[csr_matrix, ...] = ()

    def select(self, rows: np.ndarray) -> LevelPart:
        """Some of the documents."""
        above = None if self.above is None else self.above.select(rows)
        upper = tuple(positives[rows] for positives in self.upper)
        return LevelPart(self.inputs.select(rows), self.positives[rows], above, upper)


def step_down(
    network: TextNetwork,
    inputs: Inputs,
    tree: LabelTree,
    level: int,
    above: Beam | None,
    width: int,
    train: TrainConfig,
    *,
    watch: Callable[[np.ndarray, np.ndarray | None, Tensor], None] | None = None,
    progress: Progress = SILENT,
) -> Beam:
    """The best nodes of a level among the children of the beam; at the first level among all nodes.

    Args:
        network: of the level, in evaluation mode.
        inputs: of n documents.
        tree: the label tree.
        level: 0 for the first.
        above: the beam of the level above.
        width: nodes to keep.
        train: says how precisely is computed.
        watch: called with documents, their candidates (None for all nodes) and the network's scores.
        progress: counts documents.
    """
    device = next(network.parameters()).device
    with progress.task(f"level {level}", len(inputs)) as advance, autocast(train, device):
        if above is None:

            def all_nodes(rows: np.ndarray, scores: Tensor) -> None:
                assert watch is not None
                watch(rows, None, scores)

            found = best_labels(
                network, inputs, width, n_labels=tree.n_nodes(0), outputs=functional.logsigmoid,
                watch=None if watch is None else all_nodes, advance=advance,
            )  # fmt: skip
        else:
            found = best_candidates(
                network, inputs, width, candidates=lambda rows: candidates_below(tree, level, above.select(rows)),
                outputs=functional.logsigmoid, watch=watch, advance=advance,
            )  # fmt: skip
    return Beam(*found)


def shortlist_of(tree: LabelTree, level: int, parents: np.ndarray) -> Shortlist:
    """Candidates that a level is trained on: the children of some nodes of each document.

    Args:
        tree: the label tree.
        level: from 1.
        parents: int32 ``[n, b]``, see :func:`manylabel.trees.candidates.true_nodes_first`.
    """
    offsets = tree.offsets[level]

    def shortlist(
        rows: np.ndarray, positives: csr_matrix, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        del random
        children, _ = children_of(parents[rows], offsets)
        return children, targets_of(children, positives)

    return shortlist


def as_labels(beam: Beam, tree: LabelTree, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels int32 ``[n, k]`` and probabilities float32 ``[n, k]`` of a beam of the last level."""
    nodes, log_scores = beam.nodes[:, :k], beam.log_scores[:, :k]
    labels = np.where(nodes >= 0, tree.label_order[np.maximum(nodes, 0)], NO_LABEL).astype(np.int32)
    return labels, np.where(nodes >= 0, np.exp(log_scores), -np.inf).astype(np.float32)


def candidates_below(tree: LabelTree, level: int, above: Beam) -> tuple[np.ndarray, np.ndarray]:
    """The children of the nodes of a beam.

    Args:
        tree: the label tree.
        level: of the children, from 1.
        above: of B documents, at the level above.

    Returns:
        Positions int64 ``[B, C]``, -1 pads, and the logarithm of the product of probabilities above each, float32
        ``[B, C]``.
    """
    names = tree.label_order if level == tree.depth - 1 else None
    children, columns = children_of(above.nodes, tree.offsets[level])
    scores = np.take_along_axis(above.log_scores, columns, axis=1)
    # Of equal scores the label (or cluster) of lower number is to win: so they are put into that order.
    known = children if names is None else names[np.maximum(children, 0)]
    order = np.argsort(np.where(children < 0, np.iinfo(np.int64).max, known), axis=1, kind="stable")
    return np.take_along_axis(children, order, axis=1), np.take_along_axis(scores, order, axis=1)


def targets_among(candidates: np.ndarray | None, positives: csr_matrix) -> np.ndarray:
    """What the scores of candidates should be, float32 ``[B, C]``; those of all nodes where `candidates` is None.

    Args:
        candidates: int64 ``[B, C]``, -1 pads.
        positives: CSR ``[B, nodes]``, sorted.
    """
    return (positives.toarray() > 0).astype(np.float32) if candidates is None else targets_of(candidates, positives)


def loss_among(
    loss: Loss, scores: Tensor, targets: np.ndarray, candidates: np.ndarray | None, counts: LabelCounts
) -> Tensor:
    """The loss of each document on the candidates of one level, floats ``[B]``.

    Args:
        loss: the formula.
        scores: floats ``[B, C]``.
        targets: see :func:`targets_among`.
        candidates: int64 ``[B, C]``, -1 pads; None for all nodes.
        counts: training documents of all nodes, where the scores are.
    """
    given, mask = torch.from_numpy(targets).to(scores.device), None
    if candidates is not None:
        ids = torch.from_numpy(candidates).to(scores.device)
        counts, mask = counts.of(ids), ids >= 0
    return loss(scores, given, labels=counts, mask=mask)


class LevelLoss:
    """Collects the loss of documents at one level while a search scores its nodes.

    Args:
        loss: the formula.
        positives: CSR ``[n, nodes of the level]``, sorted, of the documents that are searched.
        training: the same of the training documents, which a loss may know the number of.
    """

    def __init__(self, loss: Loss, positives: csr_matrix, training: csr_matrix) -> None:
        self._loss, self._positives = loss, positives
        counts = np.asarray((training > 0).sum(axis=0)).ravel().astype(np.float32)
        self._counts, self._documents = torch.from_numpy(counts), training.shape[0]
        self._losses: list[float] = []

    def __call__(self, rows: np.ndarray, candidates: np.ndarray | None, scores: Tensor) -> None:
        """Take in the scores of some documents."""
        targets = targets_among(candidates, self._positives[rows])
        counts = LabelCounts(self._counts.to(scores.device), self._documents)
        self._losses.extend(loss_among(self._loss, scores, targets, candidates, counts).tolist())

    @property
    def mean(self) -> float:
        """Over the documents so far."""
        return math.fsum(self._losses) / max(len(self._losses), 1)


Search = Callable[[LevelPart, int, bool], tuple[Beam, float]]
"""Documents, how many nodes to keep of each, and whether the loss is wanted: to the nodes and the mean loss."""


def search_of_level(
    network: TextNetwork, loss: Loss, tree: LabelTree, level: int, training: csr_matrix, train: TrainConfig
) -> Search:
    """How a network that is trained for one level is measured: below the beam that each part has of the level above.

    Args:
        network: of the level.
        loss: by which it is trained.
        tree: the label tree.
        level: 0 for the first.
        training: positives of the level of the training documents, CSR.
        train: says how precisely is computed.
    """

    def search(part: LevelPart, width: int, with_loss: bool) -> tuple[Beam, float]:
        losses = LevelLoss(loss, part.positives, training)
        watch = losses if with_loss else None
        return step_down(network, part.inputs, tree, level, part.above, width, train, watch=watch), losses.mean

    return search


class LevelMeter:
    """Takes metrics of a level as it stands, on a sample of its training documents and on validation.

    Args:
        search: finds the best nodes of documents.
        parts: training and validation part.
        names: of the nodes of the level, with counts; the labels at the last level, in the order of the tree.
        train: how it is trained.
        seed: of the sample.
    """

    def __init__(
        self,
        search: Search,
        parts: tuple[LevelPart, LevelPart | None],
        names: LabelSpace,
        train: TrainConfig,
        *,
        seed: int,
    ) -> None:
        self._search, self._names = search, names
        training, self._validation = parts
        wanted = min(train.train_metrics_documents, len(training.inputs))
        rows = np.sort(np.random.default_rng(seed).choice(len(training.inputs), wanted, replace=False))
        some = bool(wanted) and bool(np.diff(training.positives.indptr)[rows].any())
        self._sample = training.select(rows) if some else None
        self._metrics = metrics_of(train)

    def __call__(self) -> Measured:
        """Measure."""
        train = {} if self._sample is None else self._of(self._sample, with_loss=False)
        if self._validation is None:
            return Measured(train)
        return Measured(train, self._of(self._validation, with_loss=True), len(self._validation.inputs))

    def _of(self, part: LevelPart, *, with_loss: bool) -> dict[str, float]:
        settings = Settings(metrics=self._metrics, groups=False, n_bootstrap=0)
        deepest = max([name.k or 0 for name in settings.names])
        beam, loss = self._search(part, max(min(LISTED, len(self._names)), deepest), with_loss)
        scores = np.where(beam.nodes >= 0, np.exp(beam.log_scores), -np.inf).astype(np.float32)
        topk = TopK(beam.nodes, scores, "probability", self._names)
        found = Evaluator(self._names, settings).update(topk, (part.positives > 0).tocsr()).result()
        values = {name: found[name] for name in self._metrics}
        return {LOSS: loss, **values} if with_loss else values
