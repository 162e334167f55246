"""The stages of a network's training. Each takes its section and the workshop, and says how many epochs it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import nn

from manylabel.core.errors import ConfigError, InputError
from manylabel.data.augment.base import Augmentation
from manylabel.data.reading import read_texts
from manylabel.data.sampling.base import label_counts
from manylabel.models.network.config import NetworkConfig
from manylabel.models.network.stages_config import HeadStage, MaskedLanguageStage, TauStage, TrainingStage, WholeStage
from manylabel.models.network.workshop import Meter, Part, Workshop, parents_of, read
from manylabel.nn.encoders.vectors import PooledVectors, pooled_vectors
from manylabel.nn.hierarchy import Hierarchy
from manylabel.nn.inputs import Inputs
from manylabel.nn.losses.base import Loss
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Classification, Examples, Shortlist, Trainable, Ways
from manylabel.train.config import LOSS
from manylabel.train.loop import train
from manylabel.train.masked_language import MaskedLanguage
from manylabel.train.memory import check_batch
from manylabel.train.rates import encoder_groups, head_rate
from manylabel.train.task import ParameterGroup
from manylabel.train.tensorboard import recorder
from manylabel.train.tiled_classification import classification_of


def train_whole(stage: WholeStage, shop: Workshop) -> int:
    """Train encoder and head together; see :class:`WholeStage`."""
    config, network = shop.config.train_of(stage), shop.network
    layers = network.encoder.layers()
    if stage.frozen_layers and stage.frozen_layers >= len(layers):
        raise ConfigError(
            f"stages.{shop.name}: frozen_layers {stage.frozen_layers} leaves nothing of the encoder's {len(layers)} "
            "layers; freeze fewer, or use the stage head"
        )
    frozen, moving = layers[: stage.frozen_layers], layers[stage.frozen_layers :]
    with _still(frozen):
        groups = [
            *encoder_groups(moving, config, network.encoder),
            ParameterGroup(network.head, head_rate(config, network.encoder)),
        ]
        return _train_classifier(stage, shop, network, (shop.training, shop.validation), Trainable(groups, frozen))


def train_head(stage: HeadStage, shop: Workshop) -> int:
    """Train the head alone; see :class:`HeadStage`.

    A head that reads pooled vectors gets them as they were worked out once, unless texts are changed in every epoch.
    """
    config, network = shop.config.train_of(stage), shop.network
    if stage.fresh:
        network.head = shop.new_head().to(next(network.parameters()).device)
    encoder, parts = network.encoder, (shop.training, shop.validation)
    trainable = Trainable([ParameterGroup(network.head, head_rate(config, network.encoder))], [encoder])
    with _still([encoder]):
        if network.head.needs == "tokens" or shop.config.augmentation:
            return _train_classifier(stage, shop, network, parts, trainable)
        with torch.inference_mode():
            encoder.eval()
            vectors = [
                None if part is None else Part(part.corpus, pooled_vectors(encoder, part.inputs)) for part in parts
            ]
        short = TextNetwork(PooledVectors(encoder.pooled_width).to(next(network.parameters()).device), network.head)
        return _train_classifier(stage, shop, short, (vectors[0], vectors[1]), trainable)  # type: ignore[arg-type]


def normalise(stage: TauStage, shop: Workshop) -> int:
    """Divide classifiers by a power of their lengths; see :class:`TauStage`.

    Those of labels without documents were never trained; their lengths say nothing and they stay as they are.
    """
    weights = shop.network.head.classifiers()
    if weights is None:
        raise ConfigError(
            f"stages.{shop.name}: the head has no classifier of each label; take one that has, e.g. linear"
        )
    counts = np.asarray(shop.training.corpus.positives.sum(axis=0)).ravel()
    known = torch.from_numpy(np.flatnonzero(counts)).to(weights.device)
    with torch.no_grad():
        lengths = weights[known].norm(dim=1, keepdim=True).clamp(min=1e-12)
        # The mean length stays, so that scores keep their size against the biases.
        factors = lengths.pow(-stage.tau)
        weights[known] *= factors * (lengths.mean() / (lengths * factors).mean())
    return 0


def train_masked_language(stage: MaskedLanguageStage, shop: Workshop) -> int:
    """Train the encoder to guess masked tokens; see :class:`MaskedLanguageStage`.

    Its epochs stand in the history as ``masked-language``, apart from those of the classifier. The epoch with the
    lowest loss on the validation texts is kept.
    """
    config, encoder = shop.config.train_of(stage), shop.network.encoder.reader()
    masking = encoder.masking()
    if masking is None:
        raise ConfigError(
            f"stages.{shop.name}: the encoder reads no tokens that could be masked, or keeps their states"
        )
    if config.early_stopping is not None:
        config = config.with_values(early_stopping=config.early_stopping.with_values(metric=LOSS))
    more = [text for file in stage.texts for text in _texts_of_file(file)]
    inputs, validation = shop.training.inputs, None if shop.validation is None else shop.validation.inputs
    own = encoder is shop.network.encoder
    if more or not own:
        inputs = encoder.inputs([*shop.training.corpus.texts, *more], progress=shop.progress)
    if shop.validation is not None and not own:
        validation = encoder.inputs(shop.validation.corpus.texts, progress=shop.progress)
    task = MaskedLanguage(
        encoder,
        masking,
        inputs,
        validation,
        share=stage.mask_share,
        groups=encoder_groups(encoder.layers(), config, shop.network.encoder),
        seed=shop.config.seed,
    ).to(encoder.device)
    check_batch(task, config)
    train(
        task,
        config,
        seed=shop.config.seed,
        checkpoint=shop.stages.unfinished(shop.name),
        record=lambda line: shop.stages.record({**line, "stage": "masked-language"}),
        progress=shop.progress,
    )
    return 0


def _texts_of_file(file: str) -> list[str]:
    """The texts of a file of documents in any format."""
    return [document.text for document in read_texts(file)]


def _train_classifier(
    stage: TrainingStage,
    shop: Workshop,
    network: TextNetwork,
    parts: tuple[Part, Part | None],
    trainable: Trainable,
) -> int:
    config = shop.config.train_of(stage)
    loss = stage.loss or shop.config.loss
    assert isinstance(loss, Loss)
    loss.check_labels(len(shop.labels))
    training = parts[0]
    task = classification_of(network)(
        network,
        Examples(training.inputs, training.corpus.positives, training.corpus.ids),
        loss,
        trainable,
        Meter(network, loss, config, parts, shop.labels, seed=shop.config.seed),
        _ways(stage, shop),
    ).to(next(network.parameters()).device)
    check_batch(task, config)
    _tell_weights(loss, task, shop)
    return train(
        task,
        config,
        seed=shop.config.seed,
        checkpoint=shop.stages.unfinished(shop.name),
        epochs_before=shop.epochs_before,
        record=recorder(shop.stages.record, config),
        progress=shop.progress,
    ).epochs


def _ways(stage: TrainingStage, shop: Workshop) -> Ways:
    config = shop.config
    sampler: Any = stage.sampling or config.sampling
    hierarchy = None
    if config.hierarchy is not None:
        pairs = parents_of(shop.labels)
        if len(pairs) == 0:
            raise InputError("model.hierarchy: no label has a parent among the labels", remedy="give a label file")
        hierarchy = Hierarchy(pairs, weights=config.hierarchy.weights, scores=config.hierarchy.scores)
        if config.hierarchy.weights > 0 and shop.network.head.label_weights() is None:
            raise ConfigError("model.hierarchy.weights: the head has no vector of each label")
    return Ways(
        rows=sampler.rows,
        shortlist=_shortlist(config, shop),
        augmented=_augmented(config, shop),
        label_smoothing=config.label_smoothing,
        r_drop=config.r_drop,
        mixup=config.mixup,
        hierarchy=hierarchy,
    )


def _shortlist(config: NetworkConfig, shop: Workshop) -> Shortlist | None:
    negatives = config.negatives
    if negatives is None:
        return None
    cumulative = negatives.cumulative(label_counts(shop.training.corpus.positives))

    def drawn(rows: np.ndarray, positives: csr_matrix, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        del rows
        return negatives.shortlist(positives, random, cumulative)

    return drawn


def _augmented(config: NetworkConfig, shop: Workshop) -> Callable[[np.ndarray, np.random.Generator], Inputs] | None:
    if not config.augmentation:
        return None
    texts, changes = shop.training.corpus.texts, cast("tuple[Augmentation, ...]", config.augmentation)

    def changed(rows: np.ndarray, random: np.random.Generator) -> Inputs:
        own: list[str] = [texts[row] for row in rows.tolist()]  # type: ignore[misc]
        for change in changes:
            own = change.texts(own, random)
        return read(shop.network.encoder, own, config.train)

    return changed


def _tell_weights(loss: Loss, task: Classification, shop: Workshop) -> None:
    """Between which numbers the loss weighs labels, into the history; nothing for one that does not."""
    weights = loss.label_weights(task.label_counts)
    if weights is None:
        return
    smallest, largest = float(weights.min()), float(weights.max())
    shop.stages.record({"stage": "label-weights", "smallest": smallest, "largest": largest})
    shop.progress.note(f"the loss weighs labels between {smallest:.3g} and {largest:.3g}")


class _still:
    """Modules whose parameters need no gradient inside the context."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self._parameters = [p for module in modules for p in module.parameters() if p.requires_grad]

    def __enter__(self) -> None:
        for parameter in self._parameters:
            parameter.requires_grad_(False)

    def __exit__(self, *error: object) -> None:
        for parameter in self._parameters:
            parameter.requires_grad_(True)
