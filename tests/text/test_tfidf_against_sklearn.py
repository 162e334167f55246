"""TF-IDF equals scikit-learn's TfidfVectorizer(dtype=float32): terms, indices, and every value to the last bit."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from manylabel.core.errors import InputError
from manylabel.text import preparation
from manylabel.text.tfidf import Tfidf, TfidfConfig

# Every kind of character that a fast path might treat differently from Python: lower-casing that changes the length
# (İ), depends on the neighbours (Σ), leaves the ASCII range or enters it (the Kelvin sign), or grows in bytes (Ⱥ);
# combining marks, joiners, digits of other scripts, white space of all kinds, NUL, surrogates, all lengths of UTF-8.
CHARACTERS = (
    "aabbcXYZ019_ \t\n\r\x0b\x1c\x00.,-'éÉßẞİıIiΣσςΑαK\u212aȺⱥ\u0301\u0307\u200d\u200b\xa0\u2003\u3000東京都日本語"
    "العربية١٢৩ｶ١ด้ว😀👨𝔸𐐀𐐨\U0010ffff\ud800\udfff\ufeff²½ﬁℋ"
)
WORDS = [
    "ab",
    "Ab",
    "AB",
    "x_y",
    "a",
    "_",
    "42",
    "naïve",
    "ΌΔΟΣ",
    "İstanbul",
    "straße",
    "東京",
    "😀",
    "  ",
    "\n",
    "abcdefghijk",
]

texts = st.lists(
    st.one_of(
        st.text(st.sampled_from(CHARACTERS), max_size=40),
        st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
        st.text(max_size=20),
    ),
    min_size=1,
    max_size=8,
)

analyzers = st.one_of(
    st.fixed_dictionaries(
        {
            "analyzer": st.just("word"),
            "token_pattern": st.sampled_from(
                [r"(?u)\b\w\w+\b", r"(?u)\b\w+\b", r"\w*", r"(?a)\w+", r"\w(\w)", r"(?=(\w\w))", r"\S+ ?\S*", r"[^,]+"]
            ),
        }
    ),
    st.fixed_dictionaries({"analyzer": st.sampled_from(["char", "char_wb"])}),
)
options = st.fixed_dictionaries(
    {
        "ngram_range": st.sampled_from([(1, 1), (1, 2), (2, 3), (1, 4), (3, 3), (2, 9), (5, 6)]),
        "lowercase": st.booleans(),
        "strip_accents": st.sampled_from([None, None, "ascii", "unicode"]),
        "sublinear_tf": st.booleans(),
        "use_idf": st.booleans(),
        "smooth_idf": st.booleans(),
        "norm": st.sampled_from(["l2", None]),
        "min_df": st.sampled_from([1, 1, 2, 0.0, 0.3, 0.5]),
        "max_df": st.sampled_from([1.0, 1.0, 5, 0.7]),
        "max_features": st.sampled_from([None, None, 1, 3, 20]),
    }
)


def same(ours, theirs):
    """Equal in every bit, theirs brought into order first."""
    theirs.sort_indices()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype == np.float32
    np.testing.assert_array_equal(ours.indptr, theirs.indptr)
    np.testing.assert_array_equal(ours.indices, theirs.indices)
    np.testing.assert_array_equal(ours.data.view(np.int32), theirs.data.view(np.int32))


def check(train, test, values, threads=2):
    reference = TfidfVectorizer(dtype=np.float32, **values)
    ours = Tfidf(TfidfConfig(**values), threads=threads)
    try:
        expected = reference.fit_transform(train)
    except ValueError:
        with pytest.raises(InputError):
            ours.fit_transform(train)
        return
    matrix = ours.fit_transform(train)
    assert ours.vocabulary == list(reference.get_feature_names_out())
    same(matrix, expected)
    same(ours.transform(test), reference.transform(test))
    same(ours.transform(test[:1]), reference.transform(test[:1]))
    if ours.config.use_idf:
        np.testing.assert_array_equal(ours.idf, reference.idf_)


@settings(max_examples=300, deadline=None)
@given(train=texts, test=texts, analyzer=analyzers, values=options)
def test_any_text_and_any_options(train, test, analyzer, values):
    check(train, test, {**analyzer, **values})


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 3), (4, 5), (7, 9)])
def test_white_space_and_words_shorter_than_the_shortest_ngram(analyzer, ngram_range):
    train = [
        f"a{one}{two}bb{three}" for one in " \n\xa0" for two in ("", " ", "\t", "\u3000") for three in ("", "\n", "  ")
    ]
    train += ["x", " x", "\n", " \n", "", "abcdefgh ij k lmnop", "a b c d e f g h i", "aa bb cc dd ee ff gg hh"]
    check(train, train[::-1], {"analyzer": analyzer, "ngram_range": ngram_range})


@settings(max_examples=60, deadline=None)
@given(train=texts, test=texts, analyzer=analyzers, ngram_range=st.sampled_from([(1, 1), (1, 3)]))
def test_plain_options_keep_all_terms(train, test, analyzer, ngram_range):
    check(train, test, {**analyzer, "ngram_range": ngram_range})


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
def test_every_character_of_the_planes_in_use(analyzer):
    characters = [chr(i) for i in range(0x20000)]
    train = ["".join(characters), "a".join(characters[::5]), " ".join(characters[::7]), "".join(characters[::-1])]
    check(train, train[1:2], {"analyzer": analyzer, "ngram_range": (1, 1)})


def documents(seed=0, count=400, words=3000):
    """Zipf-distributed words, lengths from none to several hundred."""
    rng = np.random.default_rng(seed)
    names = [f"w{i}é" if i % 7 == 0 else f"Word{i:x}" for i in range(words)]
    return [
        " ".join(names[k] for k in np.minimum(rng.zipf(1.3, rng.integers(0, 300)) - 1, words - 1)) for _ in range(count)
    ]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"ngram_range": (1, 2), "min_df": 2, "max_df": 0.5},
        {"ngram_range": (1, 3), "max_features": 700, "sublinear_tf": True},
        {"max_features": 100, "use_idf": False},
        {"analyzer": "char_wb", "ngram_range": (2, 5), "max_features": 5000},
        {"analyzer": "char", "ngram_range": (1, 3), "min_df": 0.01},
        {"strip_accents": "unicode", "norm": None, "smooth_idf": False},
        {"token_pattern": r"\w+", "max_df": 200},
    ],
    ids=str,
)
def test_corpus_in_many_batches(values, monkeypatch):
    monkeypatch.setattr(preparation, "_BATCH_CHARACTERS", 10_000)
    values = {"analyzer": "word", "ngram_range": (1, 1), **values}
    check(documents(), documents(1, 50), values, threads=3)


def test_result_does_not_depend_on_threads_or_batches(monkeypatch):
    train = documents()
    expected = Tfidf(threads=1).fit_transform(train)
    monkeypatch.setattr(preparation, "_BATCH_CHARACTERS", 3_000)
    for threads in (1, 2, 7):
        vectoriser = Tfidf(threads=threads)
        matrix = vectoriser.fit_transform(train)
        for part in ("indptr", "indices", "data"):
            np.testing.assert_array_equal(getattr(matrix, part), getattr(expected, part))
            np.testing.assert_array_equal(getattr(vectoriser.transform(train), part), getattr(expected, part))
        assert vectoriser.fit(train).vocabulary == sorted(set(vectoriser.vocabulary))


def test_row_of_very_many_terms_and_long_words():
    long_words = [chr(97 + i % 3) * (i + 1) for i in range(300)] + ["x" * 70 + "y" * i for i in range(1, 40)]
    check([" ".join(long_words), " ".join(long_words[::-1] * 3), "x" * 70], long_words, {"ngram_range": (1, 2)})


@pytest.mark.parametrize("values", [{"min_df": 3}, {"max_df": 1, "min_df": 2}, {"token_pattern": "[0-9]{9}"}])
def test_nothing_left_is_one_line_with_a_remedy(values):
    with pytest.raises(InputError, match=r"(?s)^(none of|no terms found)[^\n]*\([^\n]+\)$"):
        Tfidf(TfidfConfig(**values)).fit(["one two", "two three"])


def test_warnings_are_none():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Tfidf(TfidfConfig(sublinear_tf=True)).fit(["one two"]).transform(["", "none of these"])
