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
from manylabel.nn.inputs import Inputs
from manylabel.nn.losses.base import LabelCounts, Loss
from manylabel.nn.network import TextNetwork
from manylabel.nn.scoring import Candidates, best_candidates, best_labels
from manylabel.train.classification import Shortlist
from manylabel.train.config import LOSS, TrainConfig
from manylabel.train.device import autocast
from manylabel.train.task import Measured
from manylabel.trees.candidates import children_of, targets_of
from manylabel.trees.label_tree import LabelTree

_METRICS = ("micro-F1", "macro-F1", "P@1", "nDCG@5")
_LISTED = 100
"""Nodes of a document that a metric is taken on."""


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

    def cut(self, width: int) -> Beam:
        """The first `width` nodes of each document."""
        return Beam(self.nodes[:, :width], self.log_scores[:, :width])

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
        above: the beam of the level above; None at the first level.
    """

    inputs: Inputs
    positives: csr_matrix
    above: Beam | None

    def select(self, rows: np.ndarray) -> LevelPart:
        """Some of the documents."""
        begins, stops = self.inputs.offsets[rows], self.inputs.offsets[rows + 1]
        values = [self.inputs.values[begin:stop] for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True)]
        offsets = np.concatenate([[0], np.cumsum(stops - begins)]).astype(np.int64)
        above = None if self.above is None else self.above.select(rows)
        return LevelPart(Inputs(np.concatenate(values), offsets), self.positives[rows], above)


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
                network, inputs, width, candidates=_children(tree, level, above), outputs=functional.logsigmoid,
                watch=watch, advance=advance,
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


class LevelMeter:
    """Takes metrics of a level's network as it stands, on a sample of its training documents and on validation.

    Args:
        network: of the level.
        loss: by which it is trained.
        tree: the label tree.
        level: 0 for the first.
        parts: training and validation part.
        names: of the nodes of the level, with counts; the labels at the last level, in the order of the tree.
        train: how it is trained.
        seed: of the sample.
    """

    def __init__(
        self,
        network: TextNetwork,
        loss: Loss,
        tree: LabelTree,
        level: int,
        parts: tuple[LevelPart, LevelPart | None],
        names: LabelSpace,
        train: TrainConfig,
        *,
        seed: int,
    ) -> None:
        self._network, self._loss, self._tree, self._level = network, loss, tree, level
        self._names, self._train = names, train
        training, self._validation = parts
        wanted = min(train.train_metrics_documents, len(training.inputs))
        rows = np.sort(np.random.default_rng(seed).choice(len(training.inputs), wanted, replace=False))
        some = bool(wanted) and bool(np.diff(training.positives.indptr)[rows].any())
        self._sample = training.select(rows) if some else None
        chosen = None if train.early_stopping is None else train.early_stopping.metric
        self._metrics = (*_METRICS, *([] if chosen is None or chosen in (LOSS, *_METRICS) else [chosen]))
        counts = np.asarray((training.positives > 0).sum(axis=0)).ravel().astype(np.float32)
        self._counts = LabelCounts(torch.from_numpy(counts), len(training.inputs))

    def __call__(self) -> Measured:
        """Measure."""
        train = {} if self._sample is None else self._of(self._sample, with_loss=False)
        if self._validation is None:
            return Measured(train)
        return Measured(train, self._of(self._validation, with_loss=True), len(self._validation.inputs))

    def _of(self, part: LevelPart, *, with_loss: bool) -> dict[str, float]:
        losses: list[float] = []

        def watch(rows: np.ndarray, candidates: np.ndarray | None, scores: Tensor) -> None:
            positives = part.positives[rows]
            known = LabelCounts(self._counts.counts.to(scores.device), self._counts.documents)
            if candidates is None:
                targets, mask = (positives.toarray() > 0).astype(np.float32), None
            else:
                targets, ids = targets_of(candidates, positives), torch.from_numpy(candidates).to(scores.device)
                known, mask = known.of(ids), ids >= 0
            given = torch.from_numpy(targets).to(scores.device)
            losses.extend(self._loss(scores, given, labels=known, mask=mask).tolist())

        settings = Settings(metrics=self._metrics, groups=False, n_bootstrap=0)
        deepest = max([name.k or 0 for name in settings.names])
        beam = step_down(
            self._network, part.inputs, self._tree, self._level, part.above,
            max(min(_LISTED, len(self._names)), deepest), self._train, watch=watch if with_loss else None,
        )  # fmt: skip
        scores = np.where(beam.nodes >= 0, np.exp(beam.log_scores), -np.inf).astype(np.float32)
        topk = TopK(beam.nodes, scores, "probability", self._names)
        found = Evaluator(self._names, settings).update(topk, (part.positives > 0).tocsr()).result()
        values = {name: found[name] for name in self._metrics}
        return {LOSS: math.fsum(losses) / max(len(losses), 1), **values} if with_loss else values


def _children(tree: LabelTree, level: int, above: Beam) -> Candidates:
    names = tree.label_order if level == tree.depth - 1 else None

    def candidates(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        children, columns = children_of(above.nodes[rows], tree.offsets[level])
        scores = np.take_along_axis(above.log_scores[rows], columns, axis=1)
        # Of equal scores the label (or cluster) of lower number is to win: so they are put into that order.
        known = children if names is None else names[np.maximum(children, 0)]
        order = np.argsort(np.where(children < 0, np.iinfo(np.int64).max, known), axis=1, kind="stable")
        return np.take_along_axis(children, order, axis=1), np.take_along_axis(scores, order, axis=1)

    return candidates
