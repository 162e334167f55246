"""What training `attention-xml` will cost, from a few steps of each level on a sample of the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from manylabel.core.capacity import Estimate, resident_memory
from manylabel.core.corpus import Corpus
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.attention_xml.training import new_head
from manylabel.models.network.costs import BASE, MEASURING, TEXT_BYTES, sample_of, time_of_steps
from manylabel.models.network.workshop import read
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Classification, Examples, Trainable, Ways
from manylabel.train.device import check_precision, choose_device
from manylabel.train.memory import check_batch, state_bytes, step_bytes
from manylabel.train.task import Measured

if TYPE_CHECKING:
    from manylabel.models.attention_xml.attention_xml import AttentionXML

_NODES = 2000  # of a trial's tables below the first level, whose size costs memory alone


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
        for level, size in enumerate(sizes):
            train = config.train_of(level)
            width = config.training_beam_width or config.beam_width
            children = 0 if level == 0 else min(size, width * -(-size // sizes[level - 1]))
            nodes = size if level == 0 else min(size, max(_NODES, children))
            network = TextNetwork(encoder, new_head(config, encoder, level, nodes)).to(device)
            shortlist = None if level == 0 else _any_labels(children, nodes)
            examples = Examples(inputs, csr_matrix((len(sample), nodes)).astype(np.bool_))
            loss: Any = config.loss
            task = Classification(network, examples, loss, Trainable([]), Measured, Ways(shortlist=shortlist))
            fixed, each = step_bytes(task, train)
            check_batch(task, train)
            tables = sum(parameter.numel() for parameter in network.head.parameters()) * 4 * (size - nodes) // nodes
            # The rows of labels with two moments and the best epoch's values; the encoder of each level.
            held = state_bytes(task) + 4 * max(tables, 0) + sum(p.numel() for p in encoder.parameters()) * 4
            memory = max(memory, int(held + fixed + min(train.batch_size, len(corpus)) * each)) + max(tables, 0)
            seconds += time_of_steps(task, train) * len(corpus) / len(sample) * train.epochs
    characters = sum(map(len, sample.texts)) * len(corpus) / len(sample)
    total = max(BASE, resident_memory()) + memory + characters * TEXT_BYTES
    levels = " + ".join(f"{size:,}" for size in sizes)
    detail = f"{config.trees} tree(s) of {levels} nodes, {config.train.epochs} epochs a level at most"
    return Estimate(int(total), seconds * config.trees * MEASURING, detail)


def _any_labels(children: int, nodes: int) -> Any:
    """As many candidates as a document will have, whichever they are."""

    def shortlist(
        rows: np.ndarray, positives: csr_matrix, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        del positives
        ids = random.integers(nodes, size=(len(rows), children))
        return ids, np.zeros(ids.shape, np.float32)

    return shortlist
