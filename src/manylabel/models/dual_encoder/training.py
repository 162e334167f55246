"""The training of a dual encoder: parts made, put together, and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from manylabel.core.errors import ConfigError
from manylabel.core.labels import LabelSpace
from manylabel.core.progress import SILENT, Progress
from manylabel.core.stages import Stages
from manylabel.models.dual_encoder.config import DualEncoderConfig
from manylabel.models.dual_encoder.label_texts import have_texts
from manylabel.models.dual_encoder.meter import DualMeter
from manylabel.models.dual_encoder.negatives import Ground
from manylabel.models.dual_encoder.negatives_config import NEGATIVES, AllNegatives
from manylabel.models.network.workshop import Part, from_arrays, seeded, to_arrays
from manylabel.nn.dual_encoder import DualEncoder, Space
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.encoders.base import Encoder
from manylabel.train.classification import Examples, Trainable
from manylabel.train.loop import train
from manylabel.train.matching import LabelTexts, Matching, Sizes
from manylabel.train.memory import check_batch
from manylabel.train.rates import encoder_groups, head_rate
from manylabel.train.task import ParameterGroup
from manylabel.train.tensorboard import recorder

STAGE = "training"


@dataclass
class Material:
    """What a dual encoder learns from.

    Attributes:
        labels: the label space, with counts.
        training: documents that have labels.
        validation: documents to measure on, or None.
        texts: of all labels.
    """

    labels: LabelSpace
    training: Part
    validation: Part | None
    texts: LabelTexts


def new_encoder(section: Any) -> Encoder:
    """An encoder as configured, not fitted."""
    return ENCODERS.load(section.kind)(section)


def new_space(config: DualEncoderConfig, documents: Encoder, labels: Encoder | None, n_free: int) -> Space:
    """What lies between the encoders and the scores.

    Raises:
        ConfigError: two encoders whose vectors are not equally wide, and no projection.
    """
    if labels is not None and labels.pooled_width != documents.pooled_width:
        raise ConfigError(
            f"model.label_encoder makes vectors of {labels.pooled_width} numbers, model.encoder of "
            f"{documents.pooled_width}: they have to be equally wide"
        )
    return Space(
        documents.pooled_width,
        dimension=config.dimension,
        normalised=config.normalised,
        temperature=config.temperature,
        learned=config.learned_temperature,
        n_free=n_free,
        sparse=config.negatives.kind != "all",  # type: ignore[attr-defined]
    )


def free_rows(config: DualEncoderConfig, labels: LabelSpace) -> np.ndarray | None:
    """The free vector that each label has, int64 ``[L]``, -1 for none; None where no label has one.

    Labels without training documents have none: nothing would move it.
    """
    if config.free_vectors == "none":
        return None
    assert labels.counts is not None
    wanted = labels.counts > 0
    if config.free_vectors == "textless":
        wanted &= ~have_texts(labels)
    if not wanted.any():
        return None
    rows = np.full(len(labels), -1, np.int64)
    rows[wanted] = np.arange(int(wanted.sum()))
    return rows


def with_labels(part: Part) -> tuple[Part, int]:
    """The documents that have a label, and how many have none and are passed over."""
    kept = np.flatnonzero(np.diff(part.corpus.positives.indptr))
    skipped = len(part) - len(kept)
    return (part.select(kept), skipped) if skipped else (part, 0)


def new_task(
    config: DualEncoderConfig, network: DualEncoder, material: Material, stages: Stages, progress: Progress = SILENT
) -> Matching:
    """The task of training on all that is there.

    Raises:
        ConfigError: the loss cannot be had of so few labels.
    """
    corpus, train_config = material.training.corpus, config.train
    loss: Any = config.loss
    examples = Examples(material.training.inputs, corpus.positives, corpus.ids)
    ground = Ground(network, examples, material.texts, train_config, stages, STAGE, config.seed, progress)
    section: Any = config.negatives
    choice = NEGATIVES.load(section.kind)(section, ground)
    everything = section if isinstance(section, AllNegatives) else AllNegatives()
    known = np.arange(len(material.labels)) if everything.untrained else ground.trained
    loss.check_labels(len(known))
    parts = (material.training, material.validation)
    meter = DualMeter(
        network,
        loss,
        train_config,
        parts,
        material.texts,
        material.labels,
        known,
        seed=config.seed,
    )
    sizes = Sizes(config.texts_kept, config.labels_at_once)
    return Matching(
        network,
        examples,
        material.texts,
        loss,
        choice,
        trainable(config, network),
        meter,
        sizes,
    )


def trainable(config: DualEncoderConfig, network: DualEncoder) -> Trainable:
    """All parameters, each encoder's layers at the rates of :attr:`TrainConfig.layer_decay`."""
    groups: list[ParameterGroup] = []
    for encoder in (network.documents, network.labels):
        if encoder is not None:
            groups += encoder_groups(encoder.layers(), config.train, encoder)
    rate = head_rate(config.train, network.documents)
    return Trainable([*groups, ParameterGroup(network.space, rate)])


def train_dual_encoder(
    config: DualEncoderConfig, network: DualEncoder, material: Material, stages: Stages, progress: Progress
) -> int:
    """Train a network where it is; a training that is done already is read. Gives the number of epochs."""

    def work() -> dict[str, np.ndarray]:
        task = new_task(config, network, material, stages, progress)
        check_batch(task, config.train)
        trained = train(
            task,
            config.train,
            seed=config.seed,
            checkpoint=stages.unfinished(STAGE),
            record=recorder(stages.record, config.train),
            progress=progress,
        )
        return {**to_arrays(network), "epochs": np.array([trained.epochs], np.int64)}

    with seeded(config.seed):
        found = stages.run(STAGE, work)
    from_arrays(network, {name: value for name, value in found.items() if name != "epochs"})
    return int(found["epochs"][0])
