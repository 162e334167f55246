"""What training a dual encoder will cost, from two steps on a sample of documents and labels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_matrix

from manylabel.core.capacity import Estimate, resident_memory
from manylabel.core.corpus import Corpus
from manylabel.core.stages import Stages
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.dual_encoder.label_texts import texts_of_labels
from manylabel.models.dual_encoder.training import Material, free_rows, new_encoder, new_space, new_task
from manylabel.models.network.costs import BASE, MEASURING, TEXT_BYTES, sample_of
from manylabel.models.network.documents import held_out_share
from manylabel.models.network.workshop import Part, positives_of, read
from manylabel.nn.dual_encoder import DualEncoder as Network
from manylabel.train.device import autocast, check_precision, choose_device
from manylabel.train.matching import LabelTexts, Matching
from manylabel.train.memory import pass_bytes

if TYPE_CHECKING:
    from manylabel.models.dual_encoder.dual_encoder import DualEncoder

_LABELS = 4000
"""Of the trial; time and memory grow with them."""
_FLOATS = 4
_STATES = 16
"""Bytes of a trained number: gradient, two moments, the best value so far."""


def dual_encoder_estimate(model: DualEncoder, corpus: Corpus | FeatureCorpus) -> Estimate:
    """Expected cost of :meth:`DualEncoder.fit`: steps on a sample of documents and of labels, times their numbers.

    Word tables are as large as the sample's vocabulary, so that of a large corpus is underrated.

    Raises:
        ConfigError: a precision that the device has not.
    """
    if not isinstance(corpus, Corpus) or not any(text.strip() for text in corpus.texts) or corpus.positives.nnz == 0:
        return Estimate(BASE, 1.0, "nothing to learn from")
    config = model.config
    check_precision(config.train, choose_device(config.train.device))
    sample = _trial_corpus(sample_of(corpus))
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(0)
        task = _trial(model, sample)
        rows = np.arange(len(sample))[: config.train.batch_size]
        seconds, step = _measured(task, rows, model)
        of_half = _measured(task, rows[: max(len(rows) // 2, 1)], model)[0]
    n_labels, documents = corpus.n_labels, len(corpus)
    shown = min(n_labels, sample.n_labels)
    known = int((np.bincount(corpus.positives.indices, minlength=n_labels) > 0).sum())
    compared = known if config.negatives.kind == "all" else min(known, 64 * config.train.batch_size)  # type: ignore[attr-defined]
    width = task.network.space.dimension
    batch = min(config.train.batch_size, documents)
    steps = documents * (1 - held_out_share(config.train.validation, documents)) / batch
    more_labels, more_documents = max(1.0, compared / max(shown, 1)), max(1.0, batch / len(rows))
    # Labels are encoded once a step, whatever documents it has; scores grow with both.
    of_labels = min(max(2 * of_half - seconds, 0.0), seconds) if len(rows) > 1 else 0.0
    seconds = more_labels * (of_labels + (seconds - of_labels) * more_documents)
    parameters = sum(p.numel() for p in task.parameters())
    vectors = 3 * compared * width * _FLOATS + n_labels * width * _FLOATS
    tile = 3 * batch * min(config.labels_at_once, compared) * _FLOATS
    characters = sum(map(len, sample.texts)) * documents / len(sample)
    memory = max(BASE, resident_memory()) + parameters * (_FLOATS + _STATES) + vectors + tile + step
    time_of_all = seconds * steps * config.train.epochs * MEASURING
    detail = f"{config.train.epochs} epochs at most, {batch:,} documents and {compared:,} labels a step"
    return Estimate(int(memory + characters * TEXT_BYTES), time_of_all, detail)


def _trial_corpus(sample: Corpus) -> Corpus:
    """The documents that have labels, over these labels and some others."""
    positives = positives_of(sample)
    rows = np.flatnonzero(np.diff(positives.indptr))
    rows = rows if len(rows) else np.arange(1)
    counts = np.asarray(positives.sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-counts, kind="stable")[:_LABELS])
    texts = [sample.texts[row] for row in rows.tolist()]
    return Corpus(texts, csr_matrix(positives[rows][:, kept]), sample.labels.select(kept))


def _trial(model: DualEncoder, sample: Corpus) -> Matching:
    """A task on a sample: its loss is of all labels that have documents there and of those that have none."""
    config = model.config.with_values(label_text=model.config.label_text.with_values(required=False))
    texts = texts_of_labels(sample.labels, config.label_text)
    device = choose_device(config.train.device)
    labels = sample.labels.with_counts(sample.positives)
    documents = new_encoder(config.encoder)
    documents.fit([*sample.texts, *texts] if config.label_encoder is None else sample.texts)
    own = None if config.label_encoder is None else new_encoder(config.label_encoder).fit(texts)
    rows = free_rows(config, labels)
    space = new_space(config, documents, own, 0 if rows is None else int(rows.max()) + 1)
    network = Network(documents, own, space).to(device)
    part = Part(sample, read(documents, sample.texts, config.train))
    material = Material(labels, part, None, LabelTexts(read(network.label_encoder, texts, config.train), rows))
    if config.negatives.kind == "all":  # type: ignore[attr-defined]
        config = config.with_values(negatives={"kind": "all", "untrained": True})
    return new_task(config, network, material, Stages())


def _measured(task: Matching, rows: np.ndarray, model: DualEncoder) -> tuple[float, float]:
    """Seconds and bytes of a step."""
    train = model.config.train
    task.train()
    batch = task.collate(rows, np.random.default_rng(0)).to(task.device)
    size = pass_bytes(task, batch, train)
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        with autocast(train, task.device):
            task(batch).sum().backward()
        taken.append(time.perf_counter() - began)
        task.zero_grad()
    return min(taken), size
