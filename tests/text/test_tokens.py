"""Texts as sequences of token numbers."""

import pytest

from manylabel.text.stemming import guess_language, stem_words
from manylabel.text.tokens import Tokenizer


def test_tokens_come_in_the_order_of_the_text():
    tokenizer = Tokenizer()
    vocabulary, numbers, sizes = tokenizer.learn(["A dog, a cat", "", "Dogs a-b"])
    assert vocabulary.terms() == ["a", "dog", "cat", "dogs", "b"]
    assert numbers.tolist() == [0, 1, 0, 2, 3, 0, 4]
    assert sizes.tolist() == [4, 0, 3]
    numbers, sizes = tokenizer.number(["cat x dog", ""], vocabulary)
    assert numbers.tolist() == [2, -1, 1]
    assert sizes.tolist() == [3, 0]


def test_many_texts_are_one_sequence():
    texts = [f"word{i % 700} and other {i}" * 20 for i in range(3000)]
    vocabulary, numbers, sizes = Tokenizer().learn(texts)
    again, lengths = Tokenizer().number(texts, vocabulary)
    assert again.tolist() == numbers.tolist()
    assert lengths.tolist() == sizes.tolist()


def test_characters_where_words_are_not_set_apart():
    vocabulary, numbers, _ = Tokenizer(characters=True).learn(["北京 北"])
    terms = vocabulary.terms()
    assert [terms[number] for number in numbers] == ["北", "京", " ", "北"]


def test_stems():
    assert stem_words(["dogs", "running"], "english") == ["dog", "run"]
    assert stem_words(["dogs"], None) == ["dogs"]


@pytest.mark.parametrize(
    ("shares", "language"),
    [
        ({"the": 0.5, "of": 0.4, "der": 0.01}, "english"),
        ({"und": 0.5, "die": 0.4, "the": 0.1}, "german"),
        ({"och": 0.4, "att": 0.3, "inte": 0.1}, "swedish"),
        ({"lorem": 0.5}, None),
    ],
)
def test_the_language_is_guessed_from_common_words(shares, language):
    assert guess_language(shares) == language
