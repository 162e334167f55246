"""The hash table of byte strings against a dictionary, also when hashes collide."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from manylabel.text.equality import same_bytes
from manylabel.text.hashing import append, hash_bytes, spread
from manylabel.text.ngrams import Slices
from manylabel.text.terms import Terms, index, look_up

strings = st.lists(st.binary(max_size=30), max_size=60)


def slices(items, collide=False):
    stops = np.cumsum([len(item) for item in items], dtype=np.int64)
    text = np.frombuffer(b"".join(items), np.uint8).copy()
    begins = np.concatenate([[0], stops[:-1]]).astype(np.int64) if items else stops
    hashes = [
        np.uint64(7 << 32) if collide else spread(np.uint64(hash_bytes(text, b, e)))
        for b, e in zip(begins, stops, strict=True)
    ]
    return Slices(text, begins, stops, np.array(hashes, np.uint64))


@settings(deadline=None)
@given(strings, strings, st.booleans())
def test_numbers_are_those_of_first_arrival(first, second, collide):
    terms, known = Terms(), {}
    for items in (first, second, first + second):
        expected = [known.setdefault(item, len(known)) for item in items]
        assert terms.number(slices(items, collide)).tolist() == expected
    assert terms.count == len(known)


@settings(deadline=None)
@given(strings, strings, st.booleans())
def test_merge_adds_and_renumbers(first, second, collide):
    one, other, known = Terms(), Terms(), {}
    one.number(slices(first, collide))
    other.number(slices(second, collide))
    for item in first:
        known.setdefault(item, len(known))
    assert one.merge(other).tolist() == [known.setdefault(item, len(known)) for item in dict.fromkeys(second)]
    assert one.count == len(known)


@settings(deadline=None)
@given(strings, strings)
def test_look_up_finds_what_is_there_and_nothing_else(items, others):
    kept = sorted(set(items))
    blob = np.frombuffer(b"".join(kept), np.uint8)
    stops = np.cumsum([0, *map(len, kept)], dtype=np.int64)
    found = look_up(*slices(items + others), index(blob, stops), stops, blob)
    assert found.tolist() == [kept.index(item) if item in kept else -1 for item in items + others]


def test_set_grows_far_beyond_its_first_size():
    items = [f"{i:x}.".encode() * (i % 5 + 1) for i in range(20_000)]
    terms = Terms()
    assert terms.number(slices(items)).tolist() == list(range(20_000))
    blob, stops = terms.take(np.arange(19_999, -1, -7))
    assert [bytes(blob[b:e]) for b, e in pairwise(stops)] == items[::-1][::7]
    assert terms.number(slices(items[::-1])).tolist() == list(range(19_999, -1, -1))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 9), st.integers(0, 9), st.integers(0, 39))
def test_same_bytes_is_equality_wherever_the_bytes_lie(one, other, before, behind, changed):
    for second in (one, other, bytes([*one[:changed], 1, *one[changed + 1 :]])[: len(one)]):
        if len(second) == len(one):
            left = np.frombuffer(bytes(before) + one + bytes(behind), np.uint8)
            right = np.frombuffer(bytes(behind) + second + b"\xff" * before, np.uint8)
            assert same_bytes(left, before, right, behind, len(one)) == (one == second)


@settings(deadline=None)
@given(st.binary(max_size=70), st.binary(max_size=70))
def test_hash_of_a_whole_follows_from_its_parts(one, other):
    whole = np.frombuffer(one + other, np.uint8)
    cut = len(one)
    first, second = (np.uint64(hash_bytes(whole, b, e)) for b, e in ((0, cut), (cut, len(whole))))
    assert append(first, second, len(other)) == hash_bytes(whole, 0, len(whole))
