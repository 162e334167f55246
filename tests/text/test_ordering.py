"""Terms are sorted as Python sorts strings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from manylabel.text.ordering import sorted_order

# Long common beginnings and NULs: where eight bytes at a time need care.
beginnings = st.sampled_from(["", "a" * 7, "a" * 8, "a" * 9, "b" * 64, "b" * 71, "\0" * 8, "\0" * 70])
strings = st.builds("{}{}".format, beginnings, st.text(st.sampled_from("ab\0é東😀\ud800\uffff"), max_size=20))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(strings, st.text(max_size=6)), unique=True, max_size=40), st.randoms())
def test_order_is_pythons(terms, random):
    encoded = [term.encode("utf-8", "surrogatepass") for term in terms]
    blob = np.frombuffer(b"".join(encoded), np.uint8)
    stops = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    wanted = random.sample(range(len(terms)), len(terms) // 2 + 1) if terms else []
    order = sorted_order(blob, stops, np.array(wanted, np.int64))
    assert [terms[i] for i in order] == sorted(terms[i] for i in wanted)


def test_a_term_comes_before_the_same_with_nuls_behind_it():
    starts = ("", "a", "a" * 7, "a" * 8, "b" * 63, "b" * 64, "b" * 65)
    terms = [(start + "\0" * more).encode() for start in starts for more in range(20)][::-1]
    blob = np.frombuffer(b"".join(terms), np.uint8)
    order = sorted_order(blob, np.cumsum([0, *map(len, terms)], dtype=np.int64), np.arange(len(terms)))
    assert [terms[i] for i in order] == sorted(terms)
