"""`attention-xml`: label attention on each level of a label tree, with a network for each or with one encoder."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Self

import torch

from manylabel.core.arrays import with_prefix, without_prefix
from manylabel.core.capacity import Estimate
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.attention_xml.beam_facts import fact_tables
from manylabel.models.attention_xml.config import AttentionXMLConfig
from manylabel.models.attention_xml.levels import as_labels
from manylabel.models.attention_xml.parameters import own_arrays, shared_arrays, take_arrays
from manylabel.models.attention_xml.start import encoder_like
from manylabel.models.attention_xml.together_training import TogetherTrainer
from manylabel.models.attention_xml.training import Documents, LevelNetworks, TreeTrainer, new_head
from manylabel.models.base import Inputs, Model, at_least_one
from manylabel.models.fact_table import FactTable
from manylabel.models.network.documents import check_documents, texts_of, training_and_validation
from manylabel.models.network.workshop import from_arrays, read, seeded, to_arrays
from manylabel.nn import inputs as nn_inputs
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.network import TextNetwork
from manylabel.train import distributed
from manylabel.train.device import check_precision, choose_device
from manylabel.trees.average import average
from manylabel.trees.label_tree import LabelTree

_FILE = "networks.safetensors"
_FACTS = "beam.json"
_ENCODER = "encoder"


class AttentionXML(Model):
    """Label attention on a label tree (You et al., AttentionXML, NeurIPS 2019).

    The first network scores clusters, each following one the children of the best clusters of a document, the last one
    labels. A level's network begins as a copy of the one above; or, trained together, all levels have one encoder, see
    :class:`manylabel.models.attention_xml.together.Together`. Only candidates enter a training step: no other label's
    row is read, gets a gradient or is moved, and nothing of the size documents by labels is made. The score of a label
    is the product of the probabilities down its path.
    """

    kind: ClassVar[str] = "attention-xml"
    less_memory: ClassVar[str] = (
        "lower model.train.batch_size, the encoder's max_length, model.beam_width or model.clustering.cluster_size"
    )
    config: AttentionXMLConfig

    def __init__(self, config: AttentionXMLConfig | None = None, **options: Any) -> None:
        super().__init__(config, **options)
        self._encoder: Encoder | None = None
        self._trees: list[LevelNetworks] = []
        self._validation: Corpus | None = None
        self._one_at_a_time = threading.Lock()

    def validate_on(self, corpus: Corpus) -> None:
        """Use these documents for validation in the next :meth:`fit`; see :meth:`Network.validate_on`."""
        self._validation = corpus

    def fit(self, corpus: Corpus | FeatureCorpus, *, stages: Stages | None = None, progress: Progress = SILENT) -> Self:
        """Train on a corpus; see :meth:`Model.fit`."""
        if not isinstance(corpus, Corpus):
            raise InputError("attention-xml reads texts, not rows of features", remedy="train it on a file of texts")
        check_documents(corpus)
        distributed.join()
        config, kept = self.config, stages or Stages()
        device = choose_device(config.train.device)
        check_precision(config.train, device)
        labels = corpus.labels.with_counts(corpus.positives)
        parts = training_and_validation(corpus, self._validation, config.train.validation, config.seed)
        with seeded(config.seed):
            encoder = self.new_encoder().fit(parts[0].texts, progress=progress).to(device)
            training, validation = (
                None if part is None else Documents(part, self._inputs(name, encoder, part, kept, progress))
                for name, part in zip(("training", "validation"), parts, strict=True)
            )
        assert training is not None
        trainer = TogetherTrainer if self._together else TreeTrainer
        trees = [
            trainer(
                config,
                encoder,
                labels,
                training,
                validation,
                stages=kept.within(f"tree{number}"),
                seed=config.seed + number,
                progress=progress,
            ).train()
            for number in range(config.trees)
        ]
        # All at once and last: a training that is interrupted leaves the model as it was.
        self._encoder, self._trees, self._labels, self._validation = encoder, trees, labels, None
        return self

    def predict(self, inputs: Inputs, k: int = 10, *, beam_width: int | None = None) -> TopK:
        """The k best labels of each document with their probabilities; see :meth:`Model.predict`.

        Args:
            inputs: texts.
            k: number of labels.
            beam_width: another beam than the configuration's; one that holds all clusters scores every label.
        """
        labels, k = self.labels, at_least_one("k", k)
        width = self.config.beam_width if beam_width is None else at_least_one("beam_width", beam_width)
        texts = texts_of(inputs)
        assert self._encoder is not None
        with self._one_at_a_time:
            tokens = read(self._encoder, texts, self.config.train)
            # A label that is best on average stands high in each tree's own list, not always within its first k.
            depth = k if len(self._trees) == 1 else max(2 * k, 2 * width)
            lists = [as_labels(one.search(tokens, width, depth, self.config), one.tree, depth) for one in self._trees]
        indices, scores = lists[0] if len(lists) == 1 else average(lists, k)
        return TopK(indices, scores, "probability", labels)

    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Expected memory and time, from a few steps on a sample; see :meth:`Model.estimate`."""
        from manylabel.models.attention_xml.costs import attention_xml_estimate

        return attention_xml_estimate(self, corpus)

    def fact_tables(self) -> list[FactTable]:
        """Recall of the shortlists and what the beam costs; see :meth:`Model.fact_tables`."""
        return fact_tables([one.facts for one in self._trees], self.config.beam_width)

    def write(self, writer: RunWriter) -> None:
        """Write vocabulary, trees and parameters; see :meth:`Model.write`."""
        assert self._encoder is not None
        writer.info["torch"] = torch.__version__
        self._encoder.write(writer.within(_ENCODER))
        arrays = with_prefix("shared", shared_arrays(self._encoder))
        for number, one in enumerate(self._trees):
            arrays |= with_prefix(f"tree{number}.tree", one.tree.to_arrays())
            for level, network in enumerate(one.networks):
                own = network.head if level and self._together else network  # one encoder lies at the first level
                arrays |= with_prefix(f"tree{number}.level{level}", own_arrays(own, self._encoder))
        writer.arrays(_FILE, arrays)
        writer.json(_FACTS, [one.facts for one in self._trees])

    def restore(self, run: RunDirectory) -> None:
        """Read what :meth:`write` wrote; see :meth:`Model.restore`."""
        arrays, facts = run.read_arrays(_FILE), run.read_json(_FACTS)
        device = choose_device("auto" if self.config.train.device == "cuda" else self.config.train.device)
        with seeded(self.config.seed):
            self._encoder = self.new_encoder()
            self._encoder.restore(run.within(_ENCODER))
            shared = without_prefix("shared", arrays) if shared_arrays(self._encoder) else {}
            from_arrays(self._encoder, {**to_arrays(self._encoder), **shared})
            for number in range(self.config.trees):
                tree = LabelTree.from_arrays(without_prefix(f"tree{number}.tree", arrays))
                tree.validate()
                if tree.n_labels != len(self.labels):
                    raise ValueError(f"the label tree has {tree.n_labels} labels, the run {len(self.labels)}")
                networks: list[TextNetwork] = []
                for level in range(tree.depth):
                    one_encoder = bool(level) and self._together
                    encoder = networks[0].encoder if one_encoder else encoder_like(self._encoder)
                    network = TextNetwork(encoder, new_head(self.config, encoder, level, tree.n_nodes(level)))
                    own = network.head if one_encoder else network
                    take_arrays(own, self._encoder, without_prefix(f"tree{number}.level{level}", arrays))
                    networks.append(network.eval().to(device))
                self._trees.append(LevelNetworks(tree, networks, facts[number]))

    @property
    def _together(self) -> bool:
        return self.config.training == "together"

    def new_encoder(self) -> Encoder:
        """The encoder as configured, not fitted."""
        section: Any = self.config.encoder
        return ENCODERS.load(section.kind)(section)

    def _inputs(
        self, name: str, encoder: Encoder, part: Corpus, stages: Stages, progress: Progress
    ) -> nn_inputs.Inputs:
        train = self.config.train
        arrays = stages.run(f"{name}-tokens", lambda: read(encoder, part.texts, train, progress).to_arrays())
        return nn_inputs.Inputs(**arrays)
