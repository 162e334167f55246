"""What training `attention-xml` will cost, from a few steps of each level on a sample of the documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from manylabel.core.capacity import Estimate, resident_memory
from manylabel.core.corpus import Corpus
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.attention_xml.config import AttentionXMLConfig
from manylabel.models.attention_xml.descent import LevelsNetwork
from manylabel.models.attention_xml.together import Together
from manylabel.models.attention_xml.training import new_head
from manylabel.models.network.costs import BASE, MEASURING, TEXT_BYTES, sample_of, time_of_steps
from manylabel.models.network.workshop import read
from manylabel.nn.encoders.base import Encoder
from manylabel.nn.heads.base import Head
from manylabel.nn.inputs import Inputs
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Classification, Examples, Trainable, Ways
from manylabel.train.config import TrainConfig
from manylabel.train.device import check_precision, choose_device
from manylabel.train.memory import check_batch, state_bytes, step_bytes
from manylabel.train.task import Measured
from manylabel.trees.label_tree import LabelTree

if TYPE_CHECKING:
    from manylabel.models.attention_xml.attention_xml import AttentionXML

_NODES = 2000  # of a trial's tables below the first level, whose size costs memory alone
_CHOSEN = 30.0  # bias of the nodes that a trial's beam is to hold


@dataclass(frozen=True)
class _Trial:
    """A task on a sample of the documents.

    Attributes:
        task: with tables of fewer nodes than there will be.
        train: how it is trained.
        left_out: bytes of the rows that its tables lack.
    """

    task: Classification
    train: TrainConfig
    left_out: int


def attention_xml_estimate(model: AttentionXML, corpus: Corpus | FeatureCorpus) -> Estimate:
    """Expected cost of :meth:`AttentionXML.fit`; see :func:`manylabel.models.network.costs.network_estimate`."""
    if not isinstance(corpus, Corpus) or not any(text.strip() for text in corpus.texts) or corpus.positives.nnz == 0:
        return Estimate(BASE, 1.0, "nothing to learn from")
    config, sample = model.config, sample_of(corpus)
    device = choose_device(config.train.device)
    check_precision(config.train, device)
    sizes = [*config.clustering.counts(corpus.n_labels), corpus.n_labels]
    seconds, memory = 0.0, 0
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(0)
        encoder = model.new_encoder().fit(sample.texts).to(device)
        inputs = read(encoder, sample.texts, config.train)
        trials = _together if config.training == "together" else _level_by_level
        for trial in trials(config, encoder, inputs, sizes):
            task, train = trial.task, trial.train
            fixed, each = step_bytes(task, train)
            check_batch(task, train)
            # The rows of labels with two moments and the best epoch's values; the encoder of each level.
            held = state_bytes(task) + 4 * trial.left_out + sum(p.numel() for p in encoder.parameters()) * 4
            memory = max(memory, int(held + fixed + min(train.batch_size, len(corpus)) * each)) + trial.left_out
            seconds += time_of_steps(task, train) * len(corpus) / len(sample) * train.epochs
    characters = sum(map(len, sample.texts)) * len(corpus) / len(sample)
    total = max(BASE, resident_memory()) + memory + characters * TEXT_BYTES
    levels = " + ".join(f"{size:,}" for size in sizes)
    times = "for all levels together" if config.training == "together" else "a level"
    detail = f"{config.trees} tree(s) of {levels} nodes, {config.train.epochs} epochs {times} at most"
    return Estimate(int(total), seconds * config.trees * MEASURING, detail)


def _level_by_level(
    config: AttentionXMLConfig, encoder: Encoder, inputs: Inputs, sizes: Sequence[int]
) -> Iterator[_Trial]:
    width = config.training_beam_width or config.beam_width
    loss: Any = config.loss
    for level, size in enumerate(sizes):
        children = 0 if level == 0 else min(size, width * -(-size // sizes[level - 1]))
        nodes = size if level == 0 else min(size, max(_NODES, children))
        network = TextNetwork(encoder, new_head(config, encoder, level, nodes)).to(encoder.device)
        shortlist = None if level == 0 else _any_labels(children, nodes)
        examples = Examples(inputs, _no_labels(len(inputs), nodes))
        task = Classification(network, examples, loss, Trainable([]), Measured, Ways(shortlist=shortlist))
        yield _Trial(task, config.train_of(level), _left_out(network.head, nodes, size))


def _together(config: AttentionXMLConfig, encoder: Encoder, inputs: Inputs, sizes: Sequence[int]) -> Iterator[_Trial]:
    """A tree in which only as many nodes of a level have children as the beam holds, and these are what it will hold:
    as many candidates as there will be, in tables of those alone."""
    width = config.training_beam_width or config.beam_width
    loss: Any = config.loss
    offsets, nodes = [np.array([0, sizes[0]], np.int64)], [sizes[0]]
    for above, size in pairwise(sizes):
        ends = np.minimum(np.arange(nodes[-1] + 1), width) * -(-size // above)
        offsets.append(ends.astype(np.int64))
        nodes.append(int(ends[-1]))
    heads = [new_head(config, encoder, level, size) for level, size in enumerate(nodes)]
    with torch.no_grad():
        for head in heads:
            head.bias[:width] = _CHOSEN
    network = LevelsNetwork(encoder, heads).to(encoder.device)
    positives = [_no_labels(len(inputs), size) for size in nodes]
    tree = LabelTree(tuple(offsets), np.arange(nodes[-1], dtype=np.int32))
    task = Together(network, tree, inputs, positives, loss, Trainable([]), Measured, width=width)
    missing = sum(_left_out(head, own, size) for head, own, size in zip(heads, nodes, sizes, strict=True))
    yield _Trial(task, config.train, missing)


def _left_out(head: Head, nodes: int, size: int) -> int:
    """Bytes of the rows of all nodes that a head of some nodes lacks."""
    of_rows = sum(parameter.numel() for parameter in head.parameters() if len(parameter) == nodes)
    return of_rows // max(nodes, 1) * 4 * max(size - nodes, 0)


def _no_labels(documents: int, nodes: int) -> csr_matrix:
    return csr_matrix((documents, nodes)).astype(np.bool_)


def _any_labels(children: int, nodes: int) -> Any:
    """As many candidates as a document will have, whichever they are."""

    def shortlist(
        rows: np.ndarray, positives: csr_matrix, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        del positives
        ids = random.integers(nodes, size=(len(rows), children))
        return ids, np.zeros(ids.shape, np.float32)

    return shortlist
