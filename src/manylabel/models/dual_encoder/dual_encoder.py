"""`dual-encoder`: documents and the texts of labels as vectors of one space; near is what fits."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Self

import numpy as np
import torch

from manylabel.combine.key_memory import KeyMemory
from manylabel.combine.nearest_approximate import NearestApproximate, require_faiss
from manylabel.core.capacity import Estimate
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.base import Inputs, Model, at_least_one
from manylabel.models.dual_encoder.config import DualEncoderConfig
from manylabel.models.dual_encoder.facts import fact_tables, new_facts
from manylabel.models.dual_encoder.label_texts import have_texts, require_texts, texts_of_labels, warn_of_twins
from manylabel.models.dual_encoder.scores import Scores
from manylabel.models.dual_encoder.search import LISTED, Search, Tried, best_of, try_settings
from manylabel.models.dual_encoder.training import (
    Material,
    free_rows,
    new_encoder,
    new_space,
    train_dual_encoder,
    with_labels,
)
from manylabel.models.dual_encoder.vectors import document_vectors, label_vectors
from manylabel.models.fact_table import FactTable
from manylabel.models.network.documents import check_documents, texts_of, training_and_validation
from manylabel.models.network.workshop import Part, from_arrays, read, seeded, to_arrays
from manylabel.nn import inputs as nn_inputs
from manylabel.nn.dual_encoder import DualEncoder as Network
from manylabel.nn.encoders.base import Encoder
from manylabel.train import distributed
from manylabel.train.config import LOSS
from manylabel.train.device import check_precision, choose_device
from manylabel.train.matching import LabelTexts

_NETWORK = "network.safetensors"
_VECTORS = "vectors.safetensors"
_METRIC = "nDCG@5"
_ASKED_FOR_RECALL = 1000
"""Validation documents at most for which all keys are looked at."""
_FACTS = "facts.json"
_DOCUMENTS = "encoder"
_LABELS = "label-encoder"


class DualEncoder(Model):
    """A reader of documents and labels (Gupta et al., ICLR 2024): a label is found by what its text means.

    There are no weights of single labels, but for free vectors where these are asked for: a label that training never
    saw is found as well, and new ones are added without training. With a memory, what the nearest training documents
    have counts too (RAE-XMC, 2025).
    """

    kind: ClassVar[str] = "dual-encoder"
    less_memory: ClassVar[str] = (
        "lower model.texts_at_once, model.labels_at_once, model.train.batch_size or the encoder's max_length"
    )
    config: DualEncoderConfig

    def __init__(self, config: DualEncoderConfig | None = None, **options: Any) -> None:
        super().__init__(config, **options)
        self._network: Network | None = None
        self._search: Search | None = None
        self._facts: dict[str, Any] = {}
        self._validation: Corpus | None = None
        self._one_at_a_time = threading.Lock()

    def validate_on(self, corpus: Corpus) -> None:
        """Use these documents for validation in the next :meth:`fit`; see :meth:`Network.validate_on`."""
        self._validation = corpus

    def fit(self, corpus: Corpus | FeatureCorpus, *, stages: Stages | None = None, progress: Progress = SILENT) -> Self:
        """Train on a corpus; see :meth:`Model.fit`."""
        if not isinstance(corpus, Corpus):
            raise InputError("dual-encoder reads texts, not rows of features", remedy="train it on a file of texts")
        check_documents(corpus)
        config, kept = self.config, stages or Stages()
        if config.search is not None:
            require_faiss()  # which is needed last of all
        texts = texts_of_labels(corpus.labels, config.label_text)  # a label without one ends it before any work
        distributed.join()
        device = choose_device(config.train.device)
        check_precision(config.train, device)
        training, validation = training_and_validation(corpus, self._validation, config.train.validation, config.seed)
        labels = corpus.labels.with_counts(training.positives)
        alike = warn_of_twins(texts, labels, progress)
        textless = int((~have_texts(labels)).sum())
        with seeded(config.seed):
            documents, own = self._fitted(training.texts, texts, progress)
            rows = free_rows(config, labels)
            space = new_space(config, documents, own, 0 if rows is None else int(rows.max()) + 1)
            network = Network(documents, own, space).to(device)
            parts = [
                None if part is None else Part(part, self._inputs(name, documents, part.texts, kept, progress))
                for name, part in (("training", training), ("validation", validation))
            ]
            read_labels = self._inputs("label", network.label_encoder, texts, kept, progress)
        assert parts[0] is not None
        learned, skipped = with_labels(parts[0])
        if skipped:
            progress.note(f"{skipped:,} training documents have no label and are passed over")
        material = Material(labels, learned, parts[1], LabelTexts(read_labels, rows))
        train_dual_encoder(config, network, material, kept, progress)
        search, tried, recall = self._new_search(network.eval(), material, progress)
        # All at once and last: a training that is interrupted leaves the model as it was.
        self._network, self._search, self._validation = network, search, None
        counts = {"skipped": skipped, "alike": alike, "textless": textless}
        self._facts = new_facts(**counts, tried=tried, metric=self._metric, recall=recall)
        self._labels = corpus.labels.with_counts(corpus.positives)
        return self

    def predict(self, inputs: Inputs, k: int = 10, *, memory: bool = True) -> TopK:
        """The k best labels of each document; see :meth:`Model.predict`.

        Args:
            inputs: texts.
            k: number of labels.
            memory: ask remembered documents too, where there are any; otherwise labels alone.
        """
        labels, k = self.labels, at_least_one("k", k)
        assert self._network is not None
        assert self._search is not None
        texts = texts_of(inputs)
        with self._one_at_a_time:
            tokens = read(self._network.documents, texts, self.config.train)
            vectors = document_vectors(self._network, tokens, self.config.train)
        search = self._search if memory else self._search.without_memory()
        return search.best(vectors, k, labels)

    def add_labels(self, labels: LabelSpace, *, progress: Progress = SILENT) -> None:
        """Take new labels without training: they are found by their texts. No other label's score changes.

        Args:
            labels: those of the model, in their order, followed by the new ones.
            progress: counts labels.

        Raises:
            InputError: other labels in front, or a new one without a text where all must have one.
        """
        known = self.labels
        if list(labels.names[: len(known)]) != list(known.names):
            raise InputError("labels to add must follow those of the model")
        assert self._network is not None
        assert self._search is not None
        new = labels.select(np.arange(len(known), len(labels)))
        if self.config.label_text.required:
            require_texts(new)
        texts = texts_of_labels(labels, self.config.label_text.with_values(required=False))
        warn_of_twins(texts, labels, progress)
        with self._one_at_a_time:
            inputs = read(self._network.label_encoder, texts[len(known) :], self.config.train)
            vectors = label_vectors(self._network, LabelTexts(inputs), self.config.train, progress)
        self._search, self._labels = self._search.with_labels(vectors), labels

    def keep_labels(self, kept: np.ndarray) -> None:
        """Do without the other labels; no score of those that remain changes.

        Args:
            kept: indices, int64, ascending.
        """
        labels = self.labels.select(kept)
        assert self._search is not None
        self._search, self._labels = self._search.keep_labels(kept), labels

    def write_labels(self, writer: RunWriter) -> None:
        """Write what :meth:`add_labels` and :meth:`keep_labels` change, into an amendment of the run."""
        assert self._search is not None
        writer.arrays(_VECTORS, self._search.to_arrays())

    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Expected memory and time, from a few steps on a sample; see :meth:`Model.estimate`."""
        from manylabel.models.dual_encoder.costs import dual_encoder_estimate

        return dual_encoder_estimate(self, corpus)

    def fact_tables(self) -> list[FactTable]:
        """What was read, and what the memory is worth; see :meth:`Model.fact_tables`."""
        return fact_tables(self._facts, len(self.labels))

    def write(self, writer: RunWriter) -> None:
        """Write vocabularies, parameters and vectors; see :meth:`Model.write`."""
        assert self._network is not None
        network = self._network
        writer.info["torch"] = torch.__version__
        network.documents.write(writer.within(_DOCUMENTS))
        if network.labels is not None:
            network.labels.write(writer.within(_LABELS))
        # Free vectors are in the vectors of their labels, and no label that is added has one.
        kept = {name: value for name, value in to_arrays(network).items() if name != "space.free"}
        writer.arrays(_NETWORK, kept)
        self.write_labels(writer)
        writer.json(_FACTS, self._facts)

    def restore(self, run: RunDirectory) -> None:
        """Read what :meth:`write` wrote; see :meth:`Model.restore`."""
        device = choose_device("auto" if self.config.train.device == "cuda" else self.config.train.device)
        with seeded(self.config.seed):
            documents = new_encoder(self.config.encoder)
            documents.restore(run.within(_DOCUMENTS))
            own = None if self.config.label_encoder is None else new_encoder(self.config.label_encoder)
            if own is not None:
                own.restore(run.within(_LABELS))
            network = Network(documents, own, new_space(self.config, documents, own, 0))
        from_arrays(network, run.read_arrays(_NETWORK))
        arrays, remembers = run.read_arrays(_VECTORS), self.config.memory is not None
        width, scores = network.space.dimension, self._scores(network)
        self._search = Search.from_arrays(arrays, len(self.labels), width, scores, remembers=remembers)
        self._facts = run.read_json(_FACTS)
        self._network = network.eval().to(device)

    @property
    def _metric(self) -> str:
        """By which the memory's settings are chosen: what early stopping goes by, if that is a metric."""
        chosen = None if self.config.train.early_stopping is None else self.config.train.early_stopping.metric
        return _METRIC if chosen is None or chosen == LOSS else chosen

    def _scores(self, network: Network) -> Scores:
        return Scores.of(self.config.loss, network.space.scale.item())  # type: ignore[arg-type]

    def _new_search(
        self, network: Network, material: Material, progress: Progress
    ) -> tuple[Search, list[Tried], float | None]:
        """What is searched, how good its memory was in which settings, and what share of the nearest keys it finds
        where it does not look at all."""
        train, options, approximate = self.config.train, self.config.memory, self.config.search
        labels = label_vectors(network, material.texts, train, progress)
        scores, tried, recall = self._scores(network), [], None
        asked = None
        if material.validation is not None:
            asked = document_vectors(network, material.validation.inputs, train, progress)
        if options is None:
            graph = None if approximate is None else NearestApproximate.build(labels, approximate)
            if graph is not None and asked is not None:
                recall = graph.recall(asked[:_ASKED_FOR_RECALL], min(LISTED, len(labels)))
                progress.note(f"search: {100 * recall:.1f} % of the {LISTED} nearest labels are found")
            return self._decided(Search(labels, scores, graph=graph), asked, material), tried, recall
        documents = document_vectors(network, material.training.inputs, train, progress)
        positives = material.training.corpus.positives
        memory = KeyMemory.of(documents, positives, labels, scale=scores.scale, neighbours=options.neighbours)
        if approximate is not None:
            memory = memory.with_graphs(approximate)
        weight, scale = options.weight, None if options.temperature is None else 1.0 / options.temperature
        chosen = Tried(scale or memory.scale, memory.weight if weight is None else weight, 0.0)
        if material.validation is not None and asked is not None:
            if approximate is not None:
                recall = memory.recall(asked[:_ASKED_FOR_RECALL])
                progress.note(f"memory: {100 * recall:.1f} % of the nearest documents and labels are found")
            if weight is None or scale is None:
                truth = material.validation.corpus.positives
                tried = try_settings(memory, asked, truth, material.labels, self._metric, scale=scale, weight=weight)
                chosen = best_of(tried)
                progress.note(
                    f"memory: documents weigh {chosen.weight:.3g}, temperature {1 / chosen.scale:.3g}, {self._metric} "
                    f"{100 * chosen.value:.1f}"
                )
        memory = memory.with_scale(chosen.scale).with_weight(chosen.weight)
        return self._decided(Search(labels, scores, memory), asked, material), tried, recall

    def _decided(self, search: Search, asked: np.ndarray | None, material: Material) -> Search:
        """With thresholds, where there are validation documents: similarities have none of their own."""
        if asked is None or material.validation is None:
            return search
        return search.with_thresholds(asked, material.validation.corpus.positives, material.labels)

    def _fitted(self, documents: Any, labels: list[str], progress: Progress) -> tuple[Encoder, Encoder | None]:
        """Encoders that know the words of what they read."""
        config = self.config
        if config.label_encoder is None:
            return new_encoder(config.encoder).fit([*documents, *labels], progress=progress), None
        reads_documents = new_encoder(config.encoder).fit(documents, progress=progress)
        return reads_documents, new_encoder(config.label_encoder).fit(labels, progress=progress)

    def _inputs(self, name: str, encoder: Encoder, texts: Any, stages: Stages, progress: Progress) -> nn_inputs.Inputs:
        train = self.config.train
        arrays = stages.run(f"{name}-tokens", lambda: read(encoder, texts, train, progress).to_arrays())
        return nn_inputs.Inputs(**arrays)
