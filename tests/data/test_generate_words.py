import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from manylabel.data.generate_config import MOST_WORDS
from manylabel.data.generate_words import render, words


def test_different_numbers_have_different_words():
    numbers = np.r_[0:20_000, 1_000_000:1_020_000, MOST_WORDS - 20_000 : MOST_WORDS]
    assert len(set(words(numbers))) == len(numbers)


def test_short_words_come_first_and_are_all_used():
    assert len(set(words(np.arange(10_000)))) == 10_000
    assert {len(word) for word in words(np.arange(10_000))} == {4, 5, 6}
    assert min(len(word) for word in words(np.arange(10_000, 20_000))) == 6
    assert max(len(word) for word in words(np.arange(MOST_WORDS - 10_000, MOST_WORDS))) == 12


def test_words_can_be_pronounced():
    for word in words(np.arange(0, MOST_WORDS, 99_991)):
        assert word[-1] in "aeiou"
        assert word.isascii()
        assert word.isalpha()
        assert word.islower()
        assert (
            max(map(len, word.replace("e", "a").replace("i", "a").replace("o", "a").replace("u", "a").split("a"))) < 3
        )


@given(st.lists(st.lists(st.integers(0, MOST_WORDS - 1), min_size=1, max_size=6), min_size=1, max_size=8))
def test_texts_are_the_words_in_order(texts):
    lengths = np.array([len(text) for text in texts])
    rendered = render(np.array([number for text in texts for number in text]), lengths)
    assert rendered == [" ".join(words(text)) for text in texts]
