"""Labels that a batch is compared with: all of them, or the batch's own and hard ones from the model's own mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix

from manylabel.core.progress import SILENT, Progress
from manylabel.core.stages import Stages
from manylabel.core.topk import NO_LABEL
from manylabel.models.dual_encoder.negatives_config import AllNegatives, MinedNegatives
from manylabel.models.dual_encoder.vectors import document_vectors, label_vectors
from manylabel.nn.dual_encoder import DualEncoder
from manylabel.nn.nearest import largest_products
from manylabel.train.classification import Examples
from manylabel.train.config import TrainConfig
from manylabel.train.matching import AllLabels, LabelChoice, LabelTexts
from manylabel.trees.balanced_kmeans import halve_repeatedly

_OWN = 100
"""Labels that a document has and that are passed over when its best ones are looked for, at most."""
_DOCUMENTS_AT_ONCE = 8192


@dataclass(frozen=True)
class Ground:
    """What negatives are looked for in.

    Attributes:
        network: as it is being trained.
        examples: the training documents.
        texts: of all labels.
        train: how the network computes.
        stages: where what was found is kept, so that a training that goes on has the same.
        name: of the stage that trains.
        seed: of clusters.
        progress: where it is told.
    """

    network: DualEncoder
    examples: Examples
    texts: LabelTexts
    train: TrainConfig
    stages: Stages
    name: str
    seed: int
    progress: Progress = SILENT

    @property
    def trained(self) -> np.ndarray:
        """Labels with training documents, int64."""
        counts = np.bincount(self.examples.positives.indices, minlength=len(self.texts))
        return np.flatnonzero(counts).astype(np.int64)


def all_labels(section: AllNegatives, ground: Ground) -> LabelChoice:
    """The same labels for every batch; see :class:`AllNegatives`."""
    return AllLabels(np.arange(len(ground.texts)) if section.untrained else ground.trained)


def mined_labels(section: MinedNegatives, ground: Ground) -> LabelChoice:
    """See :class:`MinedLabels`."""
    return MinedLabels(section, ground)


class MinedLabels(LabelChoice):
    """The labels of a batch's documents, and of each document some that the model ranks high and it does not have.

    What the model ranks high is looked up again every few epochs. Since a label's target is taken from all labels of a
    document, none that it has is ever its negative, whichever document brought it.
    """

    def __init__(self, section: MinedNegatives, ground: Ground) -> None:
        self._section, self._ground = section, ground
        self._known = ground.trained
        self._hard: np.ndarray | None = None
        self._clusters: list[np.ndarray] = []
        self._found_in = -1

    def begin_epoch(self, epoch: int) -> None:
        """Look up the best labels, in epochs in which that is due; see :meth:`LabelChoice.begin_epoch`."""
        section = self._section
        since = epoch + 1 - section.start_epoch
        if since < 0:
            return
        due = epoch - since % section.refresh_epochs
        if due != self._found_in:
            found = self._ground.stages.run(f"{self._ground.name}-mined-{due + 1}", self._look)
            self._hard, self._found_in = found["hard"], due
            self._clusters = np.split(found["order"], found["bounds"][1:-1]) if section.batches == "clusters" else []

    def order(self, random: np.random.Generator, n: int) -> np.ndarray:
        """Any, or clusters one after the other; see :meth:`LabelChoice.order`."""
        if not self._clusters:
            return random.permutation(n)
        turns = random.permutation(len(self._clusters))
        return np.concatenate([random.permutation(self._clusters[number]) for number in turns]).astype(np.int64)

    def labels(self, rows: np.ndarray, positives: csr_matrix, random: np.random.Generator) -> np.ndarray:
        """See :meth:`LabelChoice.labels`."""
        size = (len(rows), self._section.per_document)
        if self._hard is None:
            hard = self._known[random.integers(len(self._known), size=size)]
        else:
            places = random.integers(self._hard.shape[1], size=size)
            hard = np.take_along_axis(self._hard[rows], places, axis=1)
        most = self._section.positives
        own = positives.indices if most is None else self._drawn(positives, random, most)
        together = np.unique(np.concatenate([own.astype(np.int64), hard.ravel().astype(np.int64)]))
        return together[together != NO_LABEL]

    def _drawn(self, positives: csr_matrix, random: np.random.Generator, most: int) -> np.ndarray:
        """So many labels of each document, without repeats."""
        order = np.lexsort(
            (random.random(positives.nnz), np.repeat(np.arange(positives.shape[0]), np.diff(positives.indptr)))
        )
        within = np.arange(positives.nnz) - np.repeat(positives.indptr[:-1], np.diff(positives.indptr))
        return positives.indices[order][within < most]

    def _look(self) -> dict[str, np.ndarray]:
        """The best labels of every document that are not its own, int32 ``[n, depth]``, and clusters of documents."""
        ground, depth = self._ground, min(self._section.depth, len(self._known))
        ground.progress.note("looking for hard negatives")
        network, positives = ground.network, ground.examples.positives
        device = network.documents.device
        vectors = document_vectors(network, ground.examples.inputs, ground.train, ground.progress)
        labels = label_vectors(network, ground.texts, ground.train, ground.progress)[self._known]
        keys = torch.from_numpy(labels).to(device)
        most = min(depth + _OWN, len(self._known))
        hard = np.full((len(vectors), depth), NO_LABEL, np.int32)
        for at in range(0, len(vectors), _DOCUMENTS_AT_ONCE):
            block = slice(at, at + _DOCUMENTS_AT_ONCE)
            numbers, _ = largest_products(torch.from_numpy(vectors[block]).to(device), keys, most)
            hard[block] = _without_own(self._known[numbers.cpu().numpy()], csr_matrix(positives[block]), depth)
        found = {"hard": hard}
        if self._section.batches == "clusters":
            halvings = max(-(-len(vectors) // self._section.cluster_documents) - 1, 0).bit_length()
            order, bounds = halve_repeatedly(csr_matrix(vectors), halvings, seed=ground.seed)
            found |= {"order": order, "bounds": bounds}
        return found


def _without_own(ranked: np.ndarray, positives: csr_matrix, depth: int) -> np.ndarray:
    """The first labels of each row that the document does not have, int32 ``[B, depth]``, padded."""
    n_labels = positives.shape[1]
    keys = np.repeat(np.arange(len(ranked)), np.diff(positives.indptr)) * n_labels + positives.indices
    own = np.isin(np.arange(len(ranked))[:, None] * n_labels + ranked, keys)
    place = np.cumsum(~own, axis=1) - 1
    kept = ~own & (place < depth)
    found = np.full((len(ranked), depth), NO_LABEL, np.int32)
    found[np.nonzero(kept)[0], place[kept]] = ranked[kept]
    return found
