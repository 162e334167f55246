"""The analyzer chosen for texts in many scripts."""

import pytest

from manylabel.text.scripts import mostly_unspaced
from manylabel.text.tfidf import Tfidf, TfidfConfig


@pytest.mark.parametrize(
    "text",
    [
        "雀巢裁员4000人：时代抛弃你时，连招呼都不会打！",
        "東京都は日本の首都である。",
        "コンピュータ",
        "ประเทศไทยเป็นประเทศในเอเชีย",
        "ភាសាខ្មែរ",
        "这一全球巨头 Huawei 裁员",
        "\U00020000\U00020001\U00020002",
        "東京都 and two",
    ],
)
def test_writing_without_spaces_is_taken_by_characters(text):
    assert mostly_unspaced([text, text])
    vectoriser = Tfidf().fit([text, text])
    assert vectoriser.resolved.analyzer == "char"
    assert vectoriser.resolved.ngram_range == (1, 2)
    assert vectoriser.config == TfidfConfig()


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox",
        "대한민국의 수도는 서울이다",
        "Быстрая лиса",
        "اللغة العربية جميلة",
        "the word 東京 within an English text about a town",
        "हिन्दी भाषा",
        "東京 and two",
        "",
        "... 😀 !!!",
    ],
)
def test_writing_with_spaces_is_taken_by_words(text):
    assert not mostly_unspaced([text, text])
    assert Tfidf().fit([text, "two words"]).resolved.analyzer == "word"


def test_most_of_the_texts_decide():
    assert not mostly_unspaced(["three English words"] * 10 + ["東京都"])
    assert mostly_unspaced(["English"] + ["東京都"] * 10)


def test_sample_is_spread_over_many_texts():
    assert mostly_unspaced(["words"] * 3000 + ["東京都千代田区"] * 3000)
    assert not mostly_unspaced(["words in English all over"] * 3000 + ["東京"] * 3000)


def test_a_pattern_for_words_asks_for_words():
    assert Tfidf(TfidfConfig(token_pattern="東京|都")).fit(["東京都は"]).vocabulary == ["東京", "都"]
