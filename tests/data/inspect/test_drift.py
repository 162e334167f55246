"""Drift: parts dealt at random raise no alarm, parts that differ do; the divergence is the textbook's."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.spatial.distance import jensenshannon

from manylabel.data.inspect.drift import drift


def part(n, shares, seed):
    chance = np.random.default_rng(seed)
    return csr_matrix(chance.random((n, len(shares))) < np.array(shares))


SHARES = [0.5, 0.3, 0.2, 0.1, *[0.01] * 60]


def test_the_divergence_is_that_of_scipy():
    one, other = part(300, SHARES, 0), part(200, SHARES[::-1], 1)
    found = drift(one, other, seed=0)
    sums = [np.asarray(matrix.sum(axis=0)).ravel() for matrix in (one, other)]
    np.testing.assert_allclose(found.divergence, jensenshannon(*sums, base=2) ** 2, rtol=1e-9)
    np.testing.assert_allclose(found.first, sums[0] / sums[0].sum())
    np.testing.assert_allclose(found.other, sums[1] / sums[1].sum())


def test_small_parts_of_the_same_kind_raise_no_alarm():
    alarms = [drift(part(400, SHARES, 2 * i), part(25, SHARES, 2 * i + 1), seed=i).severity for i in range(40)]
    assert sum(alarm is not None for alarm in alarms) <= 1


def test_p_values_of_parts_of_the_same_kind_are_spread_evenly():
    values = [drift(part(60, SHARES, 2 * i), part(60, SHARES, 2 * i + 1), seed=i).p_value for i in range(60)]
    assert 0.3 < np.mean(values) < 0.7
    assert min(values) < 0.2


def test_documents_with_many_labels_are_dealt_as_a_whole():
    """All labels of a document come together: dealt one by one, chance would look far smaller than it is."""
    chance = np.random.default_rng(3)
    topics = np.repeat(np.eye(8, dtype=bool), 10, axis=1)
    for seed in range(10):
        one, other = (csr_matrix(topics[chance.integers(0, 8, n)]) for n in (200, 30))
        assert drift(one, other, seed=seed).p_value > 0.005


def test_a_shift_is_found_named_and_graded():
    shifted = [0.2, 0.6, *SHARES[2:]]
    found = drift(part(1000, SHARES, 1), part(500, shifted, 2), seed=0)
    assert found.severity == "warning"
    assert np.argsort(-np.abs(found.surprise))[:2].tolist() in ([0, 1], [1, 0])
    assert found.surprise[0] < 0 < found.surprise[1]
    assert drift(part(500, [0.9, 0.05], 1), part(500, [0.05, 0.9], 2), seed=0).severity == "serious"


def test_what_chance_explains_does_not_count():
    found = drift(part(400, SHARES, 1), part(30, SHARES, 2), seed=0)
    assert found.divergence > 0.01
    assert found.beyond_chance < 0.6 * found.divergence
    np.testing.assert_allclose(found.beyond_chance, max(0.0, found.divergence - found.by_chance))


def test_an_empty_part_does_not_drift():
    assert drift(part(50, SHARES, 1), csr_matrix((10, len(SHARES)), dtype=bool), seed=0).severity is None
