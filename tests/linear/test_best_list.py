"""The short sorted list against a sort."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from manylabel.linear.best_list import insert, insert_all, order_ties

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


@given(st.lists(SCORE, max_size=15), st.integers(1, 8), st.integers(0, 3), st.booleans())
def test_offering_many_is_offering_each(offered, width, first, named):
    names = np.arange(100, 80, -1, dtype=np.int32) if named else np.zeros(0, np.int32)
    together, one_by_one = ((np.full(width, -1, np.int32), np.full(width, -np.inf, np.float32)) for _ in range(2))
    for half in (slice(0, 7), slice(7, 15)):
        insert_all(*together, np.array(offered[half], np.float32), first + half.start, names)
    for number, score in enumerate(offered, start=first):
        if score > -np.inf:
            insert(*one_by_one, names[number] if named else np.int32(number), np.float32(score))
    assert together[0].tolist() == one_by_one[0].tolist()
    assert together[1].tolist() == one_by_one[1].tolist()


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
