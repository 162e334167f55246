"""n-grams found in the text as it was written are those that TF-IDF counts, where it counts them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manylabel.text.places import locate, word_spans
from manylabel.text.tfidf import Tfidf
from manylabel.text.tfidf_config import WORDS_OF_ONE, TfidfConfig

CONFIGS = [
    {},
    {"ngram_range": (1, 3)},
    {"ngram_range": (2, 2), "lowercase": False},
    {"token_pattern": WORDS_OF_ONE, "analyzer": "word"},
    {"token_pattern": r"#(\w+)", "analyzer": "word"},
    {"strip_accents": "unicode"},
    {"strip_accents": "ascii", "ngram_range": (1, 2)},
    {"analyzer": "char"},
    {"analyzer": "char", "ngram_range": (2, 4), "strip_accents": "unicode"},
    {"analyzer": "char_wb", "ngram_range": (1, 5)},
    {"analyzer": "char_wb", "ngram_range": (3, 3), "lowercase": False},
]
TEXTS = [
    "The Über-fish, the ΣΊΣΥΦΟΣ fish; İstanbul #tag  and\n\n a  ﬁn",
    "发生地震。Das Erdbeben war stark",
    " leading and trailing ",
    "a",
    "",
]
ALPHABET = st.sampled_from(list("abAB  \n\t.#-éßΣİﬁ地震の½"))


def counts(text, config):
    """How often TF-IDF counts each term of a text."""
    tfidf = Tfidf(TfidfConfig(**{"analyzer": "word", **config}, use_idf=False, norm=None)).fit([text, "zzz zzz #zz"])
    row = tfidf.transform([text])
    return dict(zip(tfidf.terms_of(row.indices), row.data.astype(int).tolist(), strict=True)), tfidf.resolved


def check(text, config):
    expected, resolved = counts(text, config)
    located = locate(text, resolved)
    assert {term: len(places) for term, places in located.terms.items()} == expected
    return located


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_terms_are_those_of_tfidf(text, config):
    check(text, config)


@settings(max_examples=60, deadline=None)
@given(text=st.text(ALPHABET, max_size=25), config=st.sampled_from(CONFIGS))
def test_terms_are_those_of_tfidf_on_any_text(text, config):
    check(text, config)


def words(text, located, term):
    return [[text[slice(*located.units[unit])] for unit in units] for units in located.terms[term]]


def test_words_stand_as_they_were_written():
    text = "The Über-FISH and the uber İstanbul"
    located = check(text, {"strip_accents": "unicode"})
    assert words(text, located, "uber") == [["Über"], ["uber"]]
    assert words(text, located, "istanbul") == [["İstanbul"]]
    pairs = check(text, {"ngram_range": (2, 2)})
    assert words(text, pairs, "fish and") == [["FISH", "and"]]


def test_characters_belong_to_the_words_they_stand_in():
    text = "Red Fish"
    located = check(text, {"analyzer": "char", "ngram_range": (3, 3)})
    assert words(text, located, "d f") == [["Red", "Fish"]]
    assert words(text, located, "ish") == [["Fish"] * 3]
    padded = check(text, {"analyzer": "char_wb", "ngram_range": (2, 2)})
    assert words(text, padded, " f") == [["Fish"]]


def test_characters_of_unspaced_scripts_are_words_of_their_own():
    text = "发生地震 in 東京 today"
    assert [text[slice(*span)] for span in word_spans(text)] == ["发", "生", "地", "震", "in", "東", "京", "today"]
    located = check(text, {"analyzer": "char", "ngram_range": (1, 2)})
    assert words(text, located, "地震") == [["地", "震"]]
