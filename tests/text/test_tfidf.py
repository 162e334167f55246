"""The vectoriser's own contract: errors, copies, arrays on disk, options."""

import copy
import pickle
import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from manylabel.core.arrays import load_arrays, save_arrays
from manylabel.core.errors import ConfigError, InputError, NotFittedError, RunError
from manylabel.text.tfidf import Tfidf, TfidfConfig

TEXTS = ["the Cat sat", "the dog sat down", "", "straße Ω 東京 \ud800x", "cat cat cat"]


def equal(one, other):
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in ("indptr", "indices", "data"))


@pytest.mark.parametrize(
    "config",
    [TfidfConfig(), TfidfConfig(analyzer="char_wb", ngram_range=(2, 3)), TfidfConfig(token_pattern=r"\w", norm=None)],
)
def test_arrays_on_disk_bring_back_the_same(config, tmp_path):
    fitted = Tfidf(config).fit(TEXTS)
    save_arrays(tmp_path / "features.safetensors", fitted.to_arrays())
    for given in (config, fitted.resolved):
        loaded = Tfidf.from_arrays(given, load_arrays(tmp_path / "features.safetensors"))
        assert loaded.vocabulary == fitted.vocabulary
        assert loaded.resolved == fitted.resolved
        assert equal(loaded.transform(TEXTS), fitted.transform(TEXTS))
        assert equal(loaded.transform([]), fitted.transform([]))


def test_arrays_hold_numbers_only():
    assert {array.dtype.kind for array in Tfidf().fit(TEXTS).to_arrays().values()} <= set("iuf")


def _without(name):
    return lambda arrays: arrays.pop(name)


def _with(name, value):
    return lambda arrays: arrays.__setitem__(name, np.array(value))


@pytest.mark.parametrize(
    "damage",
    [
        _without("terms"),
        _without("lengths"),
        _without("idf"),
        _without("settled"),
        _with("terms", np.zeros(3, np.uint8)),
        _with("terms", np.zeros(3, np.int64)),
        _with("lengths", np.full(9, 2**32 - 1, np.uint32)),
        _with("lengths", np.zeros((2, 2), np.uint32)),
        _with("idf", np.ones(2, np.float32)),
        _with("idf", np.ones(8, np.float64)),
        _with("settled", np.array([0, 1], np.uint32)),
        _with("settled", np.array([3, 1, 1], np.uint32)),
        _with("settled", np.array([0, 2, 1], np.uint32)),
        _with("settled", np.array([0, 1, 1], np.int64)),
        _with("settled", np.array([[0, 1, 1]], np.uint32)),
    ],
)
def test_damaged_arrays_are_refused_in_one_line(damage):
    arrays = dict(Tfidf(TfidfConfig(analyzer="word")).fit(TEXTS).to_arrays())
    damage(arrays)
    with pytest.raises((RunError, ConfigError), match=r"^[^\n]+$"):
        Tfidf.from_arrays(TfidfConfig(), arrays)


def test_arrays_of_other_options_are_refused():
    arrays = Tfidf(TfidfConfig(analyzer="char")).fit(TEXTS).to_arrays()
    with pytest.raises(RunError, match="analyzer char"):
        Tfidf.from_arrays(TfidfConfig(analyzer="word"), arrays)
    with pytest.raises(RunError, match=re.escape("(1, 2)")):
        Tfidf.from_arrays(TfidfConfig(ngram_range=(1, 3)), arrays)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies_are_equal_and_independent(duplicate):
    fitted = Tfidf(threads=1).fit(TEXTS)
    other = duplicate(fitted)
    assert other.threads == 1
    assert equal(other.transform(TEXTS), fitted.transform(TEXTS))
    other.fit(["something else"])
    assert "cat" in fitted.vocabulary
    with pytest.raises(NotFittedError):
        duplicate(Tfidf()).transform(TEXTS)


def test_fitting_again_forgets_the_first_time():
    assert Tfidf().fit(TEXTS).fit(["new words"]).vocabulary == ["new", "words"]


@pytest.mark.parametrize(
    "use",
    [
        lambda v: v.transform(TEXTS),
        lambda v: v.vocabulary,
        lambda v: v.idf,
        lambda v: v.n_features,
        lambda v: v.resolved,
        lambda v: v.to_arrays(),
    ],
)
def test_before_fitting_nothing_can_be_had(use):
    with pytest.raises(NotFittedError, match="fit"):
        use(Tfidf())


@pytest.mark.parametrize("texts", ["one text", b"bytes", ["a text", None], [3], [b"bytes"], [["list"]], np.zeros(2)])
def test_anything_but_strings_is_refused_in_one_line(texts):
    for call in (Tfidf().fit, Tfidf().fit(TEXTS).transform):
        with pytest.raises(InputError, match=r"^[^\n]+\([^\n]+\)$"):
            call(texts)


def test_the_offending_text_is_named():
    with pytest.raises(InputError, match=r"text 1 .* float"):
        Tfidf().fit(["fine", float("nan"), "fine"])


@pytest.mark.parametrize("texts", [[], ["", " "], ["a", "b"]])
def test_no_terms_at_all_is_refused(texts):
    with pytest.raises(InputError, match=r"^no t[^\n]+$"):
        Tfidf().fit_transform(texts)


def test_sequences_of_any_kind_are_taken():
    expected = Tfidf().fit_transform(TEXTS[:3])
    for texts in (tuple(TEXTS[:3]), np.array(TEXTS[:3]), np.array(TEXTS[:3], object), iter(TEXTS[:3])):
        assert equal(Tfidf().fit_transform(texts), expected)


def test_texts_without_known_terms_are_empty_rows():
    vectoriser = Tfidf().fit(TEXTS)
    matrix = vectoriser.transform(["", "unheard of", "cat", "\0"])
    assert matrix.shape == (4, vectoriser.n_features)
    assert np.diff(matrix.indptr).tolist() == [0, 0, 1, 0]
    assert vectoriser.transform([]).shape == (0, vectoriser.n_features)


def test_rows_are_sorted_and_of_unit_length():
    matrix = Tfidf().fit_transform(TEXTS)
    assert matrix.dtype == np.float32
    assert matrix.has_sorted_indices
    assert matrix.copy().has_canonical_format
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).ravel()
    np.testing.assert_allclose(lengths, [1, 1, 0, 1, 1], atol=1e-6)


def test_one_text_after_the_other_equals_all_at_once():
    vectoriser = Tfidf().fit(TEXTS)
    whole = vectoriser.transform(TEXTS)
    for i, text in enumerate(TEXTS):
        assert equal(vectoriser.transform([text]), whole[i])


def test_input_is_left_alone():
    texts = list(TEXTS)
    Tfidf().fit(texts).transform(texts)
    assert texts == TEXTS


def test_defaults_are_those_of_scikit_learn():
    theirs, ours = TfidfVectorizer().get_params(), TfidfConfig().model_dump()
    differing = {name for name, value in ours.items() if theirs[name] != value}
    assert differing == {"analyzer", "ngram_range"}


@pytest.mark.parametrize(
    "values",
    [
        {"ngram_range": (2, 1)},
        {"ngram_range": (0, 1)},
        {"min_df": -1},
        {"min_df": 0},
        {"min_df": 1.5},
        {"max_df": -0.1},
        {"max_features": 0},
        {"token_pattern": "("},
        {"token_pattern": "(a)(b)"},
        {"token_pattern": r"\w+", "analyzer": "char"},
        {"norm": "l1"},
        {"strip_accents": "yes"},
        {"analyser": "word"},
    ],
)
def test_options_out_of_range_are_refused_in_one_line(values):
    with pytest.raises(ConfigError, match=r"^[^\n]+$"):
        TfidfConfig.parse(values)


def test_whole_numbers_and_fractions_of_documents_stay_apart():
    assert TfidfConfig.parse({"max_df": 1}).max_df is not TfidfConfig.parse({"max_df": 1.0}).max_df
    texts = ["common rare", "common"]
    assert Tfidf(TfidfConfig.parse({"max_df": 1})).fit(texts).vocabulary == ["rare"]
    assert Tfidf(TfidfConfig.parse({"max_df": 1.0})).fit(texts).vocabulary == ["common", "rare"]


def test_package_names_are_loaded_when_first_used():
    import manylabel.text

    assert manylabel.text.Tfidf is Tfidf
    assert manylabel.text.TfidfConfig is TfidfConfig
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = manylabel.text.Nothing
