"""Training one label tree with one encoder: clusters, then all levels in one stage."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.models.attention_xml.descent import LevelsNetwork, search
from manylabel.models.attention_xml.levels import Beam, LevelLoss, LevelMeter, LevelPart, Search
from manylabel.models.attention_xml.parameters import own_arrays, take_arrays
from manylabel.models.attention_xml.start import begin_at_priors, encoder_like, expected_documents
from manylabel.models.attention_xml.together import Together
from manylabel.models.attention_xml.training import LevelNetworks, TreeTrainer, new_head
from manylabel.models.network.workshop import seeded
from manylabel.nn.losses.base import Loss
from manylabel.train.classification import Trainable
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train
from manylabel.train.memory import check_batch
from manylabel.train.rates import encoder_groups, head_rate
from manylabel.train.task import ParameterGroup
from manylabel.train.tensorboard import recorder
from manylabel.trees.label_tree import LabelTree


class TogetherTrainer(TreeTrainer):
    """Trains a tree whose levels have one encoder; see :class:`Together`."""

    def _train_levels(self, tree: LabelTree, positives: dict[str, list[csr_matrix]]) -> LevelNetworks:
        with seeded(self._seed):
            network = self._new_levels(tree, positives["training"])
            arrays = self._stages.run("together", lambda: self._trained(network, tree, positives))
        take_arrays(network, self._encoder, {name: array for name, array in arrays.items() if name != "epochs"})
        made = LevelNetworks(tree, network.eval().networks())
        if "validation" in positives and tree.depth > 1:
            self._measure_recall(made, positives["validation"])
        return made

    def _new_levels(self, tree: LabelTree, positives: list[csr_matrix]) -> LevelsNetwork:
        """The network as it begins; biases of lower levels are at the priors by :func:`expected_documents`."""
        encoder, heads = encoder_like(self._encoder), []
        for level, known in enumerate(positives):
            head = new_head(self._config, encoder, level, tree.n_nodes(level))
            asked: np.ndarray | int = known.shape[0]
            if level:
                asked = expected_documents(positives[level - 1], self._width)[tree.parents(level)]
            begin_at_priors(head, np.asarray((known > 0).sum(axis=0)).ravel(), asked)
            heads.append(head)
        return LevelsNetwork(encoder, heads).to(self._encoder.device)

    def _trained(
        self, network: LevelsNetwork, tree: LabelTree, positives: dict[str, list[csr_matrix]]
    ) -> dict[str, np.ndarray]:
        config, documents = self._config.train, self._documents["training"]
        loss: Any = self._config.loss
        parts = {
            name: LevelPart(part.inputs, positives[name][-1], None, tuple(positives[name][:-1]))
            for name, part in self._documents.items()
        }
        rate = head_rate(config, network.encoder)
        groups = [
            *encoder_groups(network.encoder.layers(), config, network.encoder),
            *[ParameterGroup(head, rate) for head in network.heads],
        ]
        found = search_of_levels(network, loss, tree, positives["training"], self._config.beam_width, config)
        names = self._names(tree, tree.depth - 1, parts["training"])
        task = Together(
            network,
            tree,
            documents.inputs,
            positives["training"],
            loss,
            Trainable(groups),
            LevelMeter(found, (parts["training"], parts.get("validation")), names, config, seed=0),
            width=self._width,
            names=documents.corpus.ids,
        ).to(self._encoder.device)
        check_batch(task, config)
        sizes = [f"{tree.n_nodes(level):,} clusters" for level in range(tree.depth - 1)]
        self._progress.note(f"all levels together: {', '.join([*sizes, 'labels'])}")
        trained = train(
            task,
            config,
            seed=self._seed,
            checkpoint=self._stages.unfinished("together"),
            record=recorder(self._record, config),
            progress=self._progress,
        )
        return {**own_arrays(network, self._encoder), "epochs": np.array([trained.epochs], np.int64)}

    def _measure_recall(self, made: LevelNetworks, positives: list[csr_matrix]) -> None:
        """Of the levels of clusters, on the validation documents."""
        inputs, above = self._documents["validation"].inputs, made.tree.depth - 1
        widths, progress = [self._config.beam_width] * above, self._progress
        beams = search(made.networks[:above], inputs, made.tree, widths, self._config.train, progress=progress)
        for beam, known in zip(beams, positives[:above], strict=True):
            made.add_recall(beam, LevelPart(inputs, known, None))

    @property
    def _width(self) -> int:
        return self._config.training_beam_width or self._config.beam_width


def search_of_levels(
    network: LevelsNetwork, loss: Loss, tree: LabelTree, training: list[csr_matrix], width: int, train: TrainConfig
) -> Search:
    """How a network of all levels is measured: by its own beam; its loss is the mean over levels, on what that scores.

    Args:
        network: of all levels.
        loss: by which it is trained.
        tree: the label tree.
        training: positives of the training documents at each level, CSR.
        width: of the beam.
        train: says how precisely is computed.
    """

    def found(part: LevelPart, k: int, with_loss: bool) -> tuple[Beam, float]:
        positives = (*part.upper, part.positives)
        losses = [LevelLoss(loss, own, known) for own, known in zip(positives, training, strict=True)]
        beams = search(
            network.networks(), part.inputs, tree, [*[width] * (tree.depth - 1), k], train,
            watches=losses if with_loss else None,
        )  # fmt: skip
        return beams[-1], sum(one.mean for one in losses) / len(losses)

    return found
