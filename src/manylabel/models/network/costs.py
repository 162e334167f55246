"""What training a network will cost, from a few steps on a sample of the documents."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from manylabel.core.capacity import Estimate, resident_memory
from manylabel.core.corpus import Corpus
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.network.documents import held_out_share
from manylabel.models.network.workshop import positives_of, read
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Classification, Examples, Trainable
from manylabel.train.config import TrainConfig
from manylabel.train.device import autocast, check_precision, choose_device
from manylabel.train.memory import check_batch, state_bytes, step_bytes
from manylabel.train.task import Measured
from manylabel.train.tiled_classification import classification_of

if TYPE_CHECKING:
    from manylabel.models.network.network import Network

_SAMPLE = 256
_LABELS = 2000  # of the trial's head; what more labels cost is reckoned from two sizes
MEASURING = 1.15  # metrics after each epoch
BASE = 400_000_000  # interpreter and torch
TEXT_BYTES = 3  # of a character, as text and as tokens


def network_estimate(model: Network, corpus: Corpus | FeatureCorpus) -> Estimate:
    """Expected cost of :meth:`Network.fit`: steps of a network of the same make on a sample, times their number.

    Word tables are as large as the sample's vocabulary, so that of a large corpus is underrated.

    Raises:
        CapacityError: a batch does not fit; names the largest that does.
        ConfigError: a precision that the device has not.
    """
    texts = [text for text in (corpus.texts if isinstance(corpus, Corpus) else ()) if text.strip()]
    if not texts or corpus.positives.nnz == 0:
        return Estimate(BASE, 1.0, "nothing to learn from")
    assert isinstance(corpus, Corpus)
    sample = sample_of(corpus)
    config, n_labels = model.config, corpus.n_labels
    check_precision(config.train, choose_device(config.train.device))  # the trial would take minutes
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(0)
        encoder = model._new_encoder().fit(sample.texts).to(choose_device(config.train.device))
        sizes = sorted({min(n_labels, _LABELS // 4), min(n_labels, _LABELS)})
        trials = [_trial(model, encoder, sample, size) for size in sizes]
    seconds, fixed, each, states = (_at(n_labels, sizes, [trial[part] for trial in trials]) for part in range(4))
    train = config.train
    share = 1.0 if len(texts) == 0 else len(corpus) * (1 - held_out_share(train.validation, len(corpus))) / len(sample)
    epochs = sum(config.train_of(stage).epochs for stage in config.stages if hasattr(stage, "train"))
    batch = min(train.batch_size, len(corpus))
    characters = sum(map(len, sample.texts)) * len(corpus) / len(sample)
    weights = sum(p.numel() for p in encoder.parameters()) * 4
    memory = max(BASE, resident_memory()) + weights + states + fixed + batch * each + characters * TEXT_BYTES
    detail = f"{epochs} epochs at most, {seconds / len(sample) * 1000:.3g} ms a document, {n_labels:,} labels"
    return Estimate(int(memory), seconds * share * epochs * MEASURING, detail)


def sample_of(corpus: Corpus) -> Corpus:
    """At most 256 documents from all over a corpus."""
    rows = np.linspace(0, len(corpus) - 1, min(_SAMPLE, len(corpus))).astype(np.int64)
    return corpus.select(np.unique(rows))


def time_of_steps(task: Classification, train: TrainConfig) -> float:
    """Seconds of forward and backward passes over all documents of a task, from two batches of longer ones."""
    order = np.argsort(task.lengths())
    rows = order[len(order) // 2 :: max(1, len(order) // 2 // max(train.batch_size // 2, 1))][: train.batch_size]
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        with autocast(train, task.device):
            task(task.collate(rows, np.random.default_rng(0)).to(task.device)).sum().backward()
        taken.append(time.perf_counter() - began)
        task.zero_grad()
    tokens = float(task.lengths()[rows].max() * len(rows))
    return min(taken) * float(task.lengths().sum()) / tokens


def _trial(model: Network, encoder: Any, sample: Corpus, n_labels: int) -> tuple[float, float, float, float]:
    """Seconds for all documents of the sample, and bytes: fixed, of a document, of the optimiser."""
    train = model.config.train
    head = model._new_head(encoder, n_labels).to(encoder.device)
    network = TextNetwork(encoder, head)
    positives = positives_of(sample)[:, :n_labels]
    loss: Any = model.config.loss
    examples = Examples(read(encoder, sample.texts, train), positives)
    task = classification_of(network)(network, examples, loss, Trainable([]), Measured).to(encoder.device)
    fixed, each = step_bytes(task, train)
    check_batch(task, train)  # or the trial itself would run out of memory
    return time_of_steps(task, train), fixed, each, float(state_bytes(task) + sum(p.nbytes for p in head.parameters()))


def _at(size: int, sizes: list[int], values: list[float]) -> float:
    """What two sizes say of a third, on a line; never less than the largest tried."""
    if len(sizes) == 1 or size <= sizes[-1]:
        return values[-1]
    slope = (values[-1] - values[0]) / (sizes[-1] - sizes[0])
    return values[-1] + max(slope, 0.0) * (size - sizes[-1])
