"""Penalties that draw labels to their parents, against the formulas written out."""

import pytest
import torch
from test_heads import head

from manylabel.nn.hierarchy import Hierarchy

PAIRS = [[1, 0], [2, 0], [3, 1]]


def test_weights_and_scores():
    made, scores = head("linear"), torch.randn(4, 11, generator=torch.Generator().manual_seed(0))
    vectors, chances = made.label_weights().detach(), scores.sigmoid()
    distance = sum(float((vectors[c] - vectors[p]).square().sum()) for c, p in PAIRS) / 3 / 2
    excess = [sum(max(0.0, float(row[c] - row[p])) for c, p in PAIRS) / 3 for row in chances]
    found = Hierarchy(PAIRS, weights=2.0, scores=3.0)(made, scores)
    assert found.tolist() == pytest.approx([2 * distance + 3 * one for one in excess], abs=1e-5)
    assert float(Hierarchy(PAIRS, weights=0.0, scores=1.0)(made, torch.zeros(2, 11)).sum()) == 0
    assert Hierarchy(PAIRS, weights=1.0, scores=0.0)(made, scores).item() == pytest.approx(distance, abs=1e-5)
