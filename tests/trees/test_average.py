"""The mean of several trees against a loop over dictionaries."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from manylabel.core.topk import TopK
from manylabel.trees.average import average

# Quarters, so that sums are exact and ties are frequent.
ROW = st.dictionaries(st.integers(0, 9), st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=5)


def as_lists(rows, width):
    """Lists [n, width], best first."""
    indices, scores = np.full((len(rows), width), -1, np.int32), np.full((len(rows), width), -np.inf, np.float32)
    for number, row in enumerate(rows):
        for place, (label, score) in enumerate(sorted(row.items(), key=lambda pair: (-pair[1], pair[0]))):
            indices[number, place], scores[number, place] = label, score
    return indices, scores


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(ROW, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_equals_a_loop(trees):
    k, n = 6, len(trees[0])
    indices, scores = average([as_lists(rows, 5) for rows in trees], k)
    TopK(indices, scores).validate(10)
    for row in range(n):
        total = {}
        for rows in trees:
            for label, score in rows[row].items():
                total[label] = total.get(label, 0.0) + score
        best = sorted(
            ((label, float(np.float32(score) * np.float32(1 / len(trees)))) for label, score in total.items()),
            key=lambda pair: (-pair[1], pair[0]),
        )[:k]
        assert indices[row].tolist() == [label for label, _ in best] + [-1] * (k - len(best))
        assert scores[row, : len(best)].tolist() == [score for _, score in best]


def test_the_mean_of_one_is_itself():
    lists = as_lists([{3: 0.7, 1: 0.2}, {}], 3)
    indices, scores = average([lists], 3)
    assert indices.tolist() == lists[0].tolist()
    assert scores.tolist() == lists[1].tolist()


def test_a_mean_of_certainties_is_no_more_than_certain():
    for trees in range(1, 60):
        _, scores = average([as_lists([{0: 1.0}], 1)] * trees, 1)
        assert 1 - 1e-6 < scores[0, 0] <= 1


def test_no_documents():
    indices, scores = average([as_lists([], 3)] * 2, 4)
    assert indices.shape == scores.shape == (0, 4)
