"""A small dual encoder and its task, the same in every process."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from manylabel.core.table import section_of
from manylabel.nn.dual_encoder import DualEncoder, Space
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.inputs import Inputs
from manylabel.nn.losses import LOSSES
from manylabel.train.classification import Examples, Trainable
from manylabel.train.matching import AllLabels, LabelTexts, Matching, Sizes
from manylabel.train.task import Measured, ParameterGroup

WORDS = 40
LABELS = 23


def matching(kind, n, *, free="none", constants=None, texts=1000, tile=5):
    """A task over n documents and 23 labels, the twelfth of which is the last of the first of two shards."""
    torch.manual_seed(1)
    section = section_of({"kind": "bag", "embeddings": {"width": 8, "dropout": 0.0}, "min_count": 1}, ENCODERS)
    encoder = ENCODERS.load("bag")(section).fit([" ".join(f"w{i}" for i in range(WORDS))])
    rng = np.random.default_rng(0)
    inputs = Inputs.of([rng.integers(2, WORDS, rng.integers(1, 9)).tolist() for _ in range(n)], 1)
    texts_of_labels = Inputs.of([rng.integers(2, WORDS, rng.integers(1, 4)).tolist() for _ in range(LABELS)], 1)
    positives = np.zeros((n, LABELS), bool)
    for row in range(n):
        positives[row, rng.choice(LABELS, rng.integers(1, 4), replace=False)] = True
    rows = None if free == "none" else np.arange(LABELS)
    space = Space(8, learned=True, temperature=0.2, n_free=0 if rows is None else LABELS, sparse=free == "sparse")
    network = DualEncoder(encoder, None, space)
    loss = section_of({"kind": kind, **(constants or {})}, LOSSES)
    return Matching(
        network,
        Examples(inputs, csr_matrix(positives)),
        LabelTexts(texts_of_labels, rows),
        loss,
        AllLabels(np.arange(LABELS)),
        Trainable([ParameterGroup(encoder, 0.5), ParameterGroup(space, 0.5)]),
        Measured,
        Sizes(texts, tile),
    )


def weights(task):
    return torch.cat([parameter.detach().flatten() for parameter in task.parameters()])
