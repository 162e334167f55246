"""The best labels of many documents."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from manylabel.core.topk import TopK
from manylabel.nn.inputs import Inputs
from manylabel.nn.scoring import best_columns, best_labels


@given(st.integers(1, 6), st.integers(1, 12), st.integers(1, 4), st.integers(0, 99))
def test_best_columns_are_those_of_a_full_sort(rows, columns, values, seed):
    """Few distinct values: nearly everything is tied."""
    scores = np.random.default_rng(seed).integers(0, values, (rows, columns)).astype(np.float32)
    for k in (1, columns // 2, columns):
        expected = TopK.from_dense(scores, k)
        indices, found = best_columns(torch.from_numpy(scores), k)
        assert (indices == expected.indices).all()
        assert (found == expected.scores).all()


class Counting(torch.nn.Module):
    """Scores of a document: how often each token number stands in it."""

    def __init__(self, labels):
        super().__init__()
        self.labels = labels
        self.shapes = []
        self.parameter = torch.nn.Parameter(torch.zeros(1))

    def forward(self, batch):
        self.shapes.append(tuple(batch.values.shape))
        found = torch.nn.functional.one_hot(batch.values, self.labels) * batch.mask[:, :, None]
        return found.sum(dim=1).float()


@pytest.mark.parametrize("tokens", [1, 7, 1000])
@pytest.mark.parametrize("k", [1, 3, 9])
def test_documents_keep_their_order_and_lists_are_padded(tokens, k):
    random = np.random.default_rng(0)
    documents = [random.integers(0, 6, random.integers(1, 9)) for _ in range(23)]
    network, seen = Counting(6), []
    indices, scores = best_labels(
        network, Inputs.of(documents, 0), k, n_labels=6, outputs=lambda scores: scores, tokens_at_once=tokens,
        watch=lambda rows, scores: seen.extend(rows.tolist()),
    )  # fmt: skip
    counts = np.stack([np.bincount(document, minlength=6) for document in documents]).astype(np.float32)
    expected = TopK.from_dense(counts, k)
    assert (indices == expected.indices).all()
    assert (scores == expected.scores).all()
    assert sorted(seen) == list(range(23))
    assert all(rows * width <= max(tokens, width) for rows, width in network.shapes)
