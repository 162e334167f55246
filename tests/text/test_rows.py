"""Counting and sorting the terms of documents, against Counter and numpy."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from manylabel.text.rows import add_term_frequencies, bits_of, sort_keys, tally, weigh


@pytest.mark.parametrize("count", [0, 1, 47, 48, 49, 1000])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 8), (0, 9), (0, 17), (32, 33), (32, 40), (32, 52), (0, 64)])
def test_keys_are_sorted_by_the_bits_asked_for_and_otherwise_left_in_order(count, low, high):
    rng = np.random.default_rng(count + high)
    keys = rng.integers(0, 2**63, count, dtype=np.uint64) & np.uint64((1 << high) - 1)
    expected = keys[np.argsort(keys >> np.uint64(low), kind="stable")]
    sort_keys(keys, np.empty_like(keys), count, low, high)
    np.testing.assert_array_equal(keys, expected)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 255, 256, 257, 2**31 - 1])
def test_bits_hold_every_number_below(count):
    assert bits_of(count) == (count - 1).bit_length()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-1, 300), max_size=200), max_size=6))
def test_tally_counts_each_document(documents):
    numbers = np.array([number for document in documents for number in document], np.int64)
    sizes, ids, counts = tally(numbers, np.array([len(d) for d in documents], np.int64), 301)
    expected = [sorted(Counter(n for n in document if n >= 0).items()) for document in documents]
    assert sizes.tolist() == [len(row) for row in expected]
    assert list(zip(ids.tolist(), counts.tolist(), strict=True)) == [pair for row in expected for pair in row]


def test_rows_without_terms_keep_their_zeros_out_of_the_division():
    data = np.array([0.0, 3.0, 4.0], np.float32)
    weigh(np.array([0, 1, 2]), np.array([0, 0, 1], np.int32), data, np.ones(2, np.float32), True)
    np.testing.assert_array_equal(data, np.array([0.0, 0.6, 0.8], np.float32))


def test_totals_beyond_float32_are_rounded_as_scipy_rounds_them():
    counts = np.array([2**24 - 1, 5, 1, 1, 3, 2**24, 6, 1], np.int32)
    ids = np.array([0, 1, 0, 0, 1, 1, 0, 1], np.int32)
    rows = csr_matrix((counts.astype(np.float32), ids, np.arange(9)), shape=(8, 2))
    totals = np.zeros(2, np.float32)
    add_term_frequencies(ids, counts, np.arange(2), totals)
    np.testing.assert_array_equal(totals, np.asarray(rows.sum(axis=0)).ravel())
    assert totals[0] != np.float64(counts[ids == 0]).sum()
