"""Training one label tree: clusters, then level by level, each a stage that a resumed training does not repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.errors import RunError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import Progress
from manylabel.core.stages import Stages
from manylabel.models.attention_xml.beam_facts import DOCUMENTS, beam_costs, recall_by_width
from manylabel.models.attention_xml.clusters import label_vectors, tree_of
from manylabel.models.attention_xml.config import AttentionXMLConfig
from manylabel.models.attention_xml.descent import search
from manylabel.models.attention_xml.levels import (
    Beam,
    LevelMeter,
    LevelPart,
    as_labels,
    search_of_level,
    shortlist_of,
    step_down,
)
from manylabel.models.attention_xml.parameters import own_arrays, take_arrays
from manylabel.models.attention_xml.start import begin_at_priors, begin_like, encoder_like
from manylabel.models.network.workshop import seeded
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads import HEADS
from manylabel.nn.heads.base import Head
from manylabel.nn.inputs import Inputs
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Classification, Examples, Trainable, Ways
from manylabel.train.loop import train
from manylabel.train.memory import check_batch
from manylabel.train.rates import encoder_groups, head_rate
from manylabel.train.task import ParameterGroup
from manylabel.train.tensorboard import recorder
from manylabel.trees.candidates import true_nodes_first
from manylabel.trees.label_tree import LabelTree
from manylabel.trees.node_rows import nodes_of_documents


@dataclass(frozen=True)
class Documents:
    """Documents with their tokens.

    Attributes:
        corpus: over the label space.
        inputs: what the encoder takes of each.
    """

    corpus: Corpus
    inputs: Inputs


@dataclass
class LevelNetworks:
    """A label tree and the network of each of its levels.

    Attributes:
        tree: over the labels.
        networks: from the first level on, in evaluation mode.
        facts: of the beam, see :func:`manylabel.models.attention_xml.beam_facts.fact_tables`.
    """

    tree: LabelTree
    networks: list[TextNetwork]
    facts: dict[str, Any] = field(default_factory=lambda: {"recall": [], "beam": [], "documents": 0})

    def search(self, inputs: Inputs, width: int, k: int, config: AttentionXMLConfig) -> Beam:
        """The k best nodes of the last level, by a beam of so many nodes of every level above."""
        if config.training == "together":
            widths = [*[width] * (self.tree.depth - 1), k]
            return search(self.networks, inputs, self.tree, widths, config.train)[-1]
        beam: Beam | None = None
        for level, network in enumerate(self.networks):
            kept = k if level == self.tree.depth - 1 else width
            beam = step_down(network, inputs, self.tree, level, beam, kept, config.train_of(level))
        assert beam is not None
        return beam

    def add_recall(self, beam: Beam, part: LevelPart) -> None:
        """Take note of the recall of a level's beam, on the documents that it is of."""
        by_width = {str(width): share for width, share in recall_by_width(beam, part).items()}
        self.facts["recall"].append({"nodes": part.positives.shape[1], "by_width": by_width})


def new_head(config: AttentionXMLConfig, encoder: Encoder, level: int, n_nodes: int) -> Head:
    """The head of a level; below the first its rows of labels are read, and updated, for candidates alone."""
    section: Any = config.head if level == 0 else _by_rows(config.head)
    return HEADS.load(section.kind)(section, encoder.width, encoder.pooled_width, n_nodes)


class TreeTrainer:
    """Trains a tree.

    Args:
        config: of the model.
        encoder: fitted, with parameters as they begin; it is not changed.
        labels: the label space, with counts.
        training, validation: documents.
        stages: where finished stages are kept.
        seed: of clusters, weights, order.
        progress: where it is told.
    """

    def __init__(
        self,
        config: AttentionXMLConfig,
        encoder: Encoder,
        labels: LabelSpace,
        training: Documents,
        validation: Documents | None,
        *,
        stages: Stages,
        seed: int,
        progress: Progress,
    ) -> None:
        self._config, self._encoder, self._labels = config, encoder, labels
        self._documents = {"training": training, **({} if validation is None else {"validation": validation})}
        self._stages, self._seed, self._progress = stages, seed, progress
        self._epochs = 0

    def train(self) -> LevelNetworks:
        """Clusters, then the networks."""
        config, n_labels = self._config, len(self._labels)
        corpus = self._documents["training"].corpus

        def cluster() -> dict[str, np.ndarray]:
            vectors = lambda: label_vectors(corpus, config.clustering)  # noqa: E731
            return tree_of(vectors, n_labels, config.clustering, self._seed, self._progress).to_arrays()

        tree = LabelTree.from_arrays(self._stages.run("clusters", cluster))
        if tree.n_labels != n_labels:
            raise RunError(
                f"the label tree that was begun with has {tree.n_labels:,} labels, the documents {n_labels:,}; "
                "start anew with --overwrite"
            )
        if tree.depth > 1 and config.beam_width >= tree.n_nodes(tree.depth - 2):
            self._progress.note(
                f"a beam of {config.beam_width:,} holds all {tree.n_nodes(tree.depth - 2):,} clusters: every label is "
                "scored, as without a tree"
            )
        made = self._train_levels(
            tree, {name: nodes_of_documents(tree, part.corpus.positives) for name, part in self._documents.items()}
        )
        self._measure_beam(made)
        return made

    def _train_levels(self, tree: LabelTree, positives: dict[str, list[csr_matrix]]) -> LevelNetworks:
        """Every level from the top, each with a network of its own.

        Args:
            tree: the label tree.
            positives: of each part at each level, CSR ``[n, nodes of the level]``, sorted.
        """
        config = self._config
        beams: dict[str, Beam] = {}
        made = LevelNetworks(tree, [])
        for level in range(tree.depth):
            parts = {
                name: LevelPart(part.inputs, positives[name][level], beams.get(name))
                for name, part in self._documents.items()
            }
            parents = None
            if level:
                width = config.training_beam_width or config.beam_width
                above = positives["training"][level - 1]
                parents = true_nodes_first(above, beams["training"].nodes, width)
            with seeded(self._seed + level):
                network = self._new_network(tree, level, parts["training"], parents, made.networks[-1:])
                arrays = self._stages.run(f"level{level}", self._work(network, tree, level, parts, parents))
            self._epochs += int(arrays.pop("epochs")[0])
            take_arrays(network, self._encoder, arrays)
            made.networks.append(network.eval())
            if level < tree.depth - 1:
                beams = self._beams(network, tree, level, parts)
                if "validation" in beams:
                    made.add_recall(beams["validation"], parts["validation"])
        return made

    def _measure_beam(self, made: LevelNetworks) -> None:
        """What the beam costs, on some of the validation documents; nothing where there is no beam or no document."""
        part, config = self._documents.get("validation"), self._config
        if part is None or made.tree.depth == 1:
            return

        def measure() -> dict[str, np.ndarray]:
            some = np.arange(min(DOCUMENTS, len(part.inputs)))
            inputs = LevelPart(part.inputs, part.corpus.positives, None).select(some).inputs
            search = lambda width, k: as_labels(made.search(inputs, width, k, config), made.tree, k)  # noqa: E731
            rows = beam_costs(search, made.tree, part.corpus.select(some), config.beam_width)
            return {name: np.array([row[name] for row in rows]) for name in rows[0]}

        found = self._stages.run("beam-costs", measure)
        made.facts["documents"] = len(part.inputs)
        made.facts["beam"] = [
            dict(zip(found, map(float, row), strict=True)) for row in zip(*found.values(), strict=True)
        ]

    def _new_network(
        self, tree: LabelTree, level: int, part: LevelPart, parents: np.ndarray | None, above: list[TextNetwork]
    ) -> TextNetwork:
        encoder = encoder_like(above[0].encoder if above else self._encoder)
        head = new_head(self._config, encoder, level, tree.n_nodes(level))
        if above:
            begin_like(head, above[0].head)
        counts = np.asarray((part.positives > 0).sum(axis=0)).ravel()
        asked: np.ndarray | int = part.positives.shape[0]
        if parents is not None:
            times = np.bincount(parents[parents >= 0], minlength=tree.n_nodes(level - 1))
            asked = times[tree.parents(level)]
        begin_at_priors(head, counts, asked)
        return TextNetwork(encoder, head).to(self._encoder.device)

    def _work(
        self,
        network: TextNetwork,
        tree: LabelTree,
        level: int,
        parts: dict[str, LevelPart],
        parents: np.ndarray | None,
    ) -> Callable[[], dict[str, np.ndarray]]:
        def work() -> dict[str, np.ndarray]:
            config, training = self._config.train_of(level), parts["training"]
            loss: Any = self._config.loss
            last = level == tree.depth - 1
            rate = head_rate(config, network.encoder)
            groups = [
                *encoder_groups(network.encoder.layers(), config, network.encoder),
                ParameterGroup(network.head, rate),
            ]
            search = search_of_level(network, loss, tree, level, training.positives, config)
            names, measured = self._names(tree, level, training), (training, parts.get("validation"))
            task = Classification(
                network,
                Examples(training.inputs, training.positives > 0, self._documents["training"].corpus.ids),
                loss,
                Trainable(groups),
                LevelMeter(search, measured, names, config, seed=0),
                Ways(shortlist=None if parents is None else shortlist_of(tree, level, parents)),
            ).to(self._encoder.device)
            check_batch(task, config)
            kind = "labels" if last else f"{tree.n_nodes(level):,} clusters"
            self._progress.note(f"level {level}: {kind}")
            trained = train(
                task,
                config,
                seed=self._seed + level,
                checkpoint=self._stages.unfinished(f"level{level}"),
                epochs_before=self._epochs,
                record=recorder(self._record if last else partial(self._record, part=f"level{level}"), config),
                progress=self._progress,
            )
            return {**own_arrays(network, self._encoder), "epochs": np.array([trained.epochs], np.int64)}

        return work

    def _record(self, line: Mapping[str, Any], part: str | None = None) -> None:
        """Learning curves are those of the labels; epochs of clusters say of which level they are."""
        self._stages.record(line if part is None else {**line, "part": part})

    def _beams(self, network: TextNetwork, tree: LabelTree, level: int, parts: dict[str, LevelPart]) -> dict[str, Beam]:
        config = self._config

        def search() -> dict[str, np.ndarray]:
            found: dict[str, np.ndarray] = {}
            for name, part in parts.items():
                beam = step_down(
                    network, part.inputs, tree, level, part.above, config.beam_width, config.train_of(level),
                    progress=self._progress,
                )  # fmt: skip
                found |= beam.to_arrays(name)
            return found

        arrays = self._stages.run(f"level{level}-beam", search)
        return {name: Beam.from_arrays(arrays, name) for name in parts}

    def _names(self, tree: LabelTree, level: int, training: LevelPart) -> LabelSpace:
        """The nodes of a level as a label space, in the order of the tree."""
        if level == tree.depth - 1:
            names = self._labels.names_of(tree.label_order)
        else:
            names = [f"cluster {number}" for number in range(tree.n_nodes(level))]
        return LabelSpace(names).with_counts(training.positives > 0)


def _by_rows(section: Any) -> Any:
    """A head's section with tables whose rows are read one by one."""
    if "sparse" in type(section).model_fields:
        return section.with_values(sparse=True)
    if "labels" in type(section).model_fields:
        return section.with_values(labels=section.labels.with_values(sparse=True))
    return section
