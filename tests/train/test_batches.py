"""The order of training."""

import numpy as np
import pytest

from manylabel.train.batches import batches_of, generator, steps_of


def batches(n=1000, size=16, *, by_length, seed=0):
    lengths = np.random.default_rng(9).integers(1, 200, n)
    return batches_of(
        np.random.default_rng(1).permutation(n), lengths, size, generator(seed, 0, 3), by_length=by_length
    ), lengths


@pytest.mark.parametrize("by_length", [False, True])
@pytest.mark.parametrize("n", [0, 1, 15, 1000])
def test_every_document_once(n, by_length):
    found, _ = batches(n, by_length=by_length)
    assert sorted(np.concatenate([*found, np.zeros(0, int)]).tolist()) == list(range(n))
    assert all(len(batch) <= 16 for batch in found)
    assert sum(len(batch) < 16 for batch in found) <= 1


def test_like_lengths_together_pad_little():
    def padding(by_length):
        found, lengths = batches(by_length=by_length)
        return sum(lengths[batch].max() * len(batch) for batch in found) / lengths.sum()

    assert padding(True) < 1.1 < 1.7 < padding(False)


def test_batches_of_like_length_come_in_random_order():
    found, lengths = batches(by_length=True)
    means = [lengths[batch].mean() for batch in found]
    assert means != sorted(means)
    assert means != sorted(means, reverse=True)


def test_random_numbers_depend_on_seed_and_place_alone():
    one = generator(3, 1, 2).random(4)
    assert (generator(3, 1, 2).random(4) == one).all()
    for other in (generator(4, 1, 2), generator(3, 2, 2), generator(3, 1, 3), generator(3, 1)):
        assert (other.random(4) != one).any()


def test_steps_take_several_batches():
    parts = [np.array([i]) for i in range(7)]
    assert [len(step) for step in steps_of(parts, 3)] == [3, 3, 1]
