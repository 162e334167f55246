"""The short sorted list against a sort."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from manylabel.linear.best_list import insert, order_ties

SCORE = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 0.75, 2.0])
CANDIDATES = st.dictionaries(st.integers(0, 50), SCORE, max_size=15)


@given(CANDIDATES, st.integers(1, 8), st.randoms(use_true_random=False))
def test_holds_the_best_whatever_the_order_of_arrival(candidates, width, random):
    nodes, scores = np.full(width, -1, np.int32), np.full(width, -np.inf, np.float32)
    arrivals = list(candidates.items())
    random.shuffle(arrivals)
    for node, score in arrivals:
        insert(nodes, scores, np.int32(node), np.float32(score))
    best = sorted(candidates.items(), key=lambda pair: (-pair[1], pair[0]))[:width]
    assert nodes.tolist() == [node for node, _ in best] + [-1] * (width - len(best))
    assert scores.tolist() == [score for _, score in best] + [-np.inf] * (width - len(best))


@given(st.lists(CANDIDATES.filter(lambda row: len(row) <= 8), min_size=1, max_size=3))
def test_rounding_that_makes_scores_equal_is_put_right(rows):
    nodes, scores = np.full((len(rows), 8), -1, np.int32), np.full((len(rows), 8), -np.inf, np.float32)
    for number, row in enumerate(rows):
        for place, (node, score) in enumerate(sorted(row.items(), key=lambda pair: (-pair[1], pair[0]))):
            nodes[number, place], scores[number, place] = node, np.clip(score, 0, 0.5)
    order_ties(nodes, scores)
    for number, row in enumerate(rows):
        best = sorted(row, key=lambda node: (-np.clip(row[node], 0, 0.5), node))
        assert nodes[number].tolist() == best + [-1] * (8 - len(best))
