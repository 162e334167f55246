"""Made-up scores with a long tail, whose quality is known."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.decide.examples import Examples


@pytest.fixture(scope="session")
def make_examples():
    """Makes examples: documents that are true with exactly the probability that their score says."""

    def make(n=600, n_labels=30, k=None, *, seed=0, kind="probability", parents=None, listed=True):
        rng = np.random.default_rng(seed)
        rate = 0.5 / np.arange(1, n_labels + 1) ** 0.7
        logits = np.log(rate / (1 - rate)) + 2.5 * rng.normal(size=(n, n_labels)) - 2.0
        probabilities = 1 / (1 + np.exp(-logits))
        truth = rng.random((n, n_labels)) < probabilities
        scores = (probabilities if kind == "probability" else logits).astype(np.float32)
        counts = np.maximum((1000 * rate**2).astype(np.int64), 1)
        labels = LabelSpace([f"l{i}" for i in range(n_labels)], counts=counts, n_documents=2000, parents=parents)
        topk = TopK.from_dense(scores, k or n_labels, kind=kind, labels=labels)
        return Examples.of(topk, csr_matrix(truth), labels)

    return make
