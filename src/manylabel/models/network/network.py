"""`network`: any encoder, any head, any loss."""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Self

import numpy as np
import torch

from manylabel.core.capacity import Estimate
from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.processes import world_size
from manylabel.core.progress import SILENT, Progress
from manylabel.core.run_directory import RunDirectory, RunWriter
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.data.augment.label_texts import with_label_texts
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.base import Inputs, Model, at_least_one
from manylabel.models.network.config import NetworkConfig
from manylabel.models.network.documents import check_documents, texts_of, training_and_validation
from manylabel.models.network.stages_config import NETWORK_STAGES, TrainingStage
from manylabel.models.network.workshop import Part, Workshop, from_arrays, read, score, seeded, to_arrays
from manylabel.nn import inputs as nn_inputs
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads import HEADS
from manylabel.nn.heads.base import Head
from manylabel.nn.heads.from_texts import labels_with_texts, start_from_texts
from manylabel.nn.network import TextNetwork
from manylabel.train import distributed
from manylabel.train.device import check_precision, choose_device

_FILE = "network.safetensors"
_ENCODER = "encoder"


class Network(Model):
    """A neural network on texts.

    The encoder makes states of the tokens of a text, the head makes a score of them for each label, the loss says how
    far scores are from the truth. Parts, sampling, augmentation and the stages of training are combined freely; see
    the tables of each. Scores are probabilities, or margins under losses that have none.
    """

    kind: ClassVar[str] = "network"
    less_memory: ClassVar[str] = (
        "lower model.train.batch_size or the encoder's max_length, or score fewer labels at once with model.negatives"
    )
    config: NetworkConfig

    def __init__(self, config: NetworkConfig | None = None, **options: Any) -> None:
        super().__init__(config, **options)
        self._network: TextNetwork | None = None
        self._validation: Corpus | None = None
        self._one_at_a_time = threading.Lock()

    def validate_on(self, corpus: Corpus) -> None:
        """Use these documents for validation in the next :meth:`fit`, in place of a share of the training documents.

        Args:
            corpus: over the label space of the training documents; labels beyond it cannot be found and are left out.
        """
        self._validation = corpus

    def fit(self, corpus: Corpus | FeatureCorpus, *, stages: Stages | None = None, progress: Progress = SILENT) -> Self:
        """Train on a corpus; see :meth:`Model.fit`."""
        if not isinstance(corpus, Corpus):
            raise InputError("a network reads texts, not rows of features", remedy="train it on a file of texts")
        check_documents(corpus)
        if self.config.initial_labels == "label-text":
            labels_with_texts(corpus.labels)  # before any work
        if world_size() > 1 and getattr(self.config.head, "moves_itself", False):
            raise ConfigError("the head tiled-linear trains in one process: start it without torchrun")
        distributed.join()
        device, kept = choose_device(self.config.train.device), stages or Stages()
        check_precision(self.config.train, device)
        labels = corpus.labels.with_counts(corpus.positives)
        config = self.config
        training, validation = training_and_validation(corpus, self._validation, config.train.validation, config.seed)
        if config.label_texts:
            training = with_label_texts(training)
        with seeded(self.config.seed):
            encoder = self._new_encoder().fit(training.texts, progress=progress).to(device)
            parts = [
                None if part is None else Part(part, self._inputs(name, encoder, part, kept, progress))
                for name, part in (("training", training), ("validation", validation))
            ]
            assert parts[0] is not None

            def new_head() -> Head:
                return self._start(self._new_head(encoder, len(labels)), encoder, labels, training)

            network = TextNetwork(encoder, new_head()).to(device)
            shop = Workshop(self.config, network, labels, parts[0], parts[1], new_head, kept, progress=progress)
            self._train(shop)
        # All at once and last: a training that is interrupted leaves the model as it was.
        self._network, self._labels, self._validation = network.eval(), labels, None
        return self

    def predict(self, inputs: Inputs, k: int = 10) -> TopK:
        """The k best labels of each document; see :meth:`Model.predict`."""
        labels, k = self.labels, at_least_one("k", k)
        assert self._network is not None
        texts = texts_of(inputs)
        if not texts:
            return TopK(np.zeros((0, k), np.int32), np.zeros((0, k), np.float32), self._loss.score_kind, labels)
        with self._one_at_a_time:
            read_texts = read(self._network.encoder, texts, self.config.train)
            return score(self._network, self._loss, read_texts, k, labels, self.config.train)

    def estimate(self, corpus: Corpus | FeatureCorpus) -> Estimate:
        """Expected memory and time, from a few steps on a sample; see :meth:`Model.estimate`."""
        from manylabel.models.network.costs import network_estimate

        return network_estimate(self, corpus)

    def write(self, writer: RunWriter) -> None:
        """Write vocabulary, tokenizer and parameters; see :meth:`Model.write`."""
        assert self._network is not None
        writer.info["torch"] = torch.__version__
        self._network.encoder.write(writer.within(_ENCODER))
        writer.arrays(_FILE, to_arrays(self._network))

    def restore(self, run: RunDirectory) -> None:
        """Read what :meth:`write` wrote; see :meth:`Model.restore`."""
        with seeded(self.config.seed):
            encoder = self._new_encoder()
            encoder.restore(run.within(_ENCODER))
            network = TextNetwork(encoder, self._new_head(encoder, len(self.labels)))
        from_arrays(network, run.read_arrays(_FILE))
        self._network = network.eval().to(
            choose_device("auto" if self.config.train.device == "cuda" else self.config.train.device)
        )

    @property
    def _loss(self) -> Any:
        """The loss that trained last: it says what scores are."""
        last = [stage for stage in self.config.stages if isinstance(stage, TrainingStage)][-1:]
        return (last[0].loss if last else None) or self.config.loss

    def _new_encoder(self) -> Encoder:
        section: Any = self.config.encoder
        return ENCODERS.load(section.kind)(section)

    def _new_head(self, encoder: Encoder, n_labels: int) -> Head:
        section: Any = self.config.head
        return HEADS.load(section.kind)(section, encoder.width, encoder.pooled_width, n_labels)

    def _start(self, head: Head, encoder: Encoder, labels: LabelSpace, training: Corpus) -> Head:
        """A new head with the start that is wanted."""
        loss = self._loss
        if self.config.initial_bias == "prior" and loss.score_kind == "probability" and loss.starts_at_prior:
            counts = np.asarray(training.positives.sum(axis=0)).ravel()
            share = torch.from_numpy(((counts + 0.5) / (len(training) + 1.0)).astype(np.float32))
            with torch.no_grad():
                head.bias.copy_(torch.logit(share))
        if self.config.initial_labels == "label-text":
            start_from_texts(head, encoder, labels)
        return head

    def _inputs(
        self, name: str, encoder: Encoder, part: Corpus, stages: Stages, progress: Progress
    ) -> nn_inputs.Inputs:
        train = self.config.train
        arrays = stages.run(f"{name}-tokens", lambda: read(encoder, part.texts, train, progress).to_arrays())
        return nn_inputs.Inputs(**arrays)

    def _train(self, shop: Workshop) -> None:
        """Go through the stages; each leaves its result in the network, and is read where it is done already."""
        names = [getattr(stage, "kind", "") for stage in self.config.stages]
        for number, stage in enumerate(self.config.stages):
            shop.name = names[number] if names.count(names[number]) == 1 else f"{names[number]}-{number + 1}"
            step = NETWORK_STAGES.load(names[number])

            def work(stage: Any = stage, step: Any = step) -> dict[str, np.ndarray]:
                epochs = step(stage, shop)
                return {**to_arrays(shop.network), "epochs": np.array([epochs], np.int64)}

            with seeded(self.config.seed + number):
                found = shop.stages.run(shop.name, work)
            shop.epochs_before += int(found["epochs"][0])
            from_arrays(shop.network, {key: value for key, value in found.items() if key != "epochs"})
