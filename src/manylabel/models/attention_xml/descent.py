"""Down the label tree with the states of a batch: one encoder, and a head for each level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.nn import functional

from manylabel.core.progress import SILENT, Progress
from manylabel.core.topk import NO_LABEL
from manylabel.models.attention_xml.levels import Beam, candidates_below
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads.base import Head
from manylabel.nn.inputs import Inputs, States
from manylabel.nn.network import TextNetwork
from manylabel.nn.scoring import batches_to_score, best_columns, multiple_of
from manylabel.train.config import TrainConfig
from manylabel.train.device import autocast
from manylabel.trees.candidates import true_nodes_first
from manylabel.trees.label_tree import LabelTree

Watch = Callable[[np.ndarray, np.ndarray | None, Tensor], None]
"""Takes documents, their candidates at one level (None for all nodes) and the head's scores of these."""


class LevelsNetwork(TextNetwork):
    """An encoder and a head for each level of a tree; as a network it is that of the first level.

    Args:
        encoder: of all levels.
        heads: of each level, from the first on; all of one kind.
    """

    def __init__(self, encoder: Encoder, heads: Sequence[Head]) -> None:
        super().__init__(encoder, heads[0])
        self.lower = nn.ModuleList(heads[1:])

    @property
    def heads(self) -> list[Head]:
        """Of each level."""
        return [self.head, *self.lower]  # type: ignore[list-item]

    def networks(self) -> list[TextNetwork]:
        """A network for each level; all have this one's encoder."""
        return [TextNetwork(self.encoder, head).train(self.training) for head in self.heads]


@dataclass(frozen=True)
class ScoredNodes:
    """The nodes of one level that were scored for B documents.

    Attributes:
        candidates: their positions in the level, int64 ``[B, C]``, ascending at levels of clusters, -1 pads; None where
            all nodes were scored.
        scores: of the head, floats ``[B, C]``.
        log_scores: float32 ``[B, C]``, without gradient: the logarithm of the product of probabilities down the path;
            of padding, and of scores that are no number, minus infinity.
    """

    candidates: np.ndarray | None
    scores: Tensor
    log_scores: Tensor

    def best(self, width: int) -> Beam:
        """The best nodes; of equal ones the first candidate."""
        return self._nodes(self._best_columns(width))

    def true_first(self, targets: np.ndarray, width: int) -> Beam:
        """The candidates with labels of the document, then the best others, see :func:`true_nodes_first`.

        Args:
            targets: float32 ``[B, C]``, which candidates have any.
            width: nodes of a document at most.
        """
        columns = self._best_columns(width)
        return self._nodes(true_nodes_first(csr_matrix(targets), columns, min(width, targets.shape[1])))

    def _best_columns(self, width: int) -> np.ndarray:
        columns, best = best_columns(self.log_scores, min(width, self.log_scores.shape[1]))
        return np.where(np.isneginf(best), NO_LABEL, columns)

    def _nodes(self, columns: np.ndarray) -> Beam:
        places, there = np.maximum(columns, 0).astype(np.int64), columns >= 0
        nodes = places if self.candidates is None else np.take_along_axis(self.candidates, places, axis=1)
        log_scores = self.log_scores.gather(1, torch.from_numpy(places).to(self.log_scores.device)).cpu().numpy()
        nodes, log_scores = np.where(there, nodes, NO_LABEL), np.where(there, log_scores, -np.inf)
        return Beam(nodes.astype(np.int32), log_scores.astype(np.float32))


def score_level(head: Head, states: States, tree: LabelTree, level: int, above: Beam | None) -> ScoredNodes:
    """The scores of a level's nodes: of the children of the beam, at the first level of all.

    Args:
        head: of the level.
        states: of B documents.
        tree: the label tree.
        level: 0 for the first.
        above: the beam of these documents at the level above; which nodes it holds has no gradient.
    """
    if above is None:
        scores, candidates = head(states), None
        log_scores = functional.logsigmoid(scores.detach().float())
    else:
        candidates, added = candidates_below(tree, level, above)
        ids = torch.from_numpy(candidates).to(states.mask.device)
        scores = head(states, ids)
        log_scores = functional.logsigmoid(scores.detach().float()) + torch.from_numpy(added).to(ids.device)
        log_scores = log_scores.masked_fill(ids < 0, -torch.inf)
    return ScoredNodes(candidates, scores, log_scores.nan_to_num(nan=-torch.inf, neginf=-torch.inf))


def search(
    networks: Sequence[TextNetwork],
    inputs: Inputs,
    tree: LabelTree,
    widths: Sequence[int],
    train: TrainConfig,
    *,
    watches: Sequence[Watch] | None = None,
    progress: Progress = SILENT,
) -> list[Beam]:
    """The best nodes of every level; each document is encoded once, and its states are not kept.

    Args:
        networks: of each level, in evaluation mode; all have the encoder of the first.
        inputs: of n documents.
        tree: the label tree.
        widths: nodes to keep at each level.
        train: says how precisely is computed.
        watches: one for each level.
        progress: counts documents.

    Returns:
        For each level a beam of n documents.
    """
    device = next(networks[0].parameters()).device
    found = [
        Beam(np.full((len(inputs), width), NO_LABEL, np.int32), np.full((len(inputs), width), -np.inf, np.float32))
        for width in widths
    ]
    batches = batches_to_score(inputs, device, n_labels=tree.n_nodes(0))
    with progress.task("documents", len(inputs)) as advance, autocast(train, device):
        for rows in batches:
            with torch.inference_mode():
                states = networks[0].states(inputs.batch(rows, multiple=multiple_of(networks[0])).to(device))
                beam = None
                for level, network in enumerate(networks):
                    scored = score_level(network.head, states, tree, level, beam)
                    if watches is not None:
                        watches[level](rows, scored.candidates, scored.scores)
                    beam = scored.best(widths[level])
                    kept = beam.nodes.shape[1]
                    found[level].nodes[rows, :kept], found[level].log_scores[rows, :kept] = beam.nodes, beam.log_scores
            advance(len(rows))
    return found
