"""The contract of every model: what it learns, and that nothing but its inputs decides what it says."""

import copy
import dataclasses

import numpy as np
import pytest
from model_cases import CASES, NEURAL, corpora, feature_corpora, make, memorisable, precision_at_1, same
from scipy.sparse import csr_array, csr_matrix

from manylabel import LinearOVR, LinearTree
from manylabel.core import parallel
from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError, NotFittedError
from manylabel.core.labels import LabelSpace
from manylabel.core.scorer import Scorer
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models import MODELS

every_case = pytest.mark.parametrize("case", CASES)
both_models = pytest.mark.parametrize("case", ["linear-tree", "linear-ovr"])


@pytest.fixture(scope="module", params=CASES)
def fitted(request):
    return make(request.param).fit(corpora()[0])


# -- what it learns -------------------------------------------------------------------------------------------------


def test_every_model_of_the_table_is_tested():
    # What `auto` chooses is one of the others; what is its own is tested with it.
    assert {make(case).kind for case in CASES} == set(MODELS) - {"auto", *NEURAL}


@every_case
def test_memorises_what_can_be_memorised(case):
    if case == "fused":
        pytest.skip("a ranker learns from labels that a document shares with others")
    corpus = memorisable()
    model = make(case).fit(corpus)
    assert precision_at_1(model.predict(corpus.texts, 1), corpus) >= 0.99


def test_beats_the_most_frequent_labels_by_far(fitted):
    train, test = corpora()
    frequent = np.argmax(fitted.labels.counts)
    baseline = np.asarray(test.positives[:, frequent].sum()) / len(test)
    assert precision_at_1(fitted.predict(test.texts, 1), test) >= baseline + 0.2
    assert precision_at_1(fitted.predict(train.texts, 1), train) >= 0.8


def test_predictions_are_well_formed(fitted):
    _, test = corpora()
    assert isinstance(fitted, Scorer)
    for k in (1, 5, 60, 75):
        topk = fitted.predict(test.texts, k)
        assert (topk.n, topk.k) == (len(test), k)
        topk.validate(60)
        assert topk.labels is fitted.labels
        if topk.kind == "probability":
            present = topk.scores[topk.indices >= 0]
            assert 0 <= present.min() <= present.max() <= 1
    narrow, wide = fitted.predict(test.texts, 3), fitted.predict(test.texts, 5)
    if "of three" not in str(fitted) and len(getattr(fitted, "_trees", [])) < 2:
        assert same(narrow, wide.head(3))


def test_ties_go_to_the_smaller_label(fitted):
    topk = fitted.predict(corpora()[1].texts, 60)
    tied = (topk.scores[:, 1:] == topk.scores[:, :-1]) & (topk.indices[:, 1:] >= 0)
    assert (topk.indices[:, 1:] > topk.indices[:, :-1])[tied].all()


@pytest.mark.parametrize("kind", [LinearTree, LinearOVR])
def test_probabilities_that_round_to_one_are_ordered_by_label(kind):
    train, test = feature_corpora()
    model = kind(solver={"loss": "logistic"}).fit(train)
    topk = model.predict(test.features * np.float32(1e4), 5)
    tied = topk.scores[:, :-1] == topk.scores[:, 1:]
    assert (tied & (topk.scores[:, 1:] == 1)).sum() > 10
    assert (np.diff(topk.indices, axis=1) > 0)[tied].all()


# -- the same every time --------------------------------------------------------------------------------------------


@every_case
def test_two_fits_agree_to_the_last_bit_on_any_number_of_threads(case, monkeypatch):
    train, test = corpora()
    found = []
    for threads in (1, 2):
        monkeypatch.setattr(parallel, "n_threads", lambda threads=threads: threads)
        found.append(make(case).fit(train).predict(test.texts, 8))
    assert same(*found)
    assert not same(found[0], make(case, seed=17).fit(train).predict(test.texts, 8))


def test_a_second_fit_forgets_the_first(fitted):
    train, test = corpora()
    again = copy.deepcopy(fitted)
    again.fit(memorisable())
    assert len(again.labels) == 64
    again.fit(train)
    assert same(again.predict(test.texts, 5), fitted.predict(test.texts, 5))


def test_a_document_alone_gets_the_same_bits_as_in_a_batch(fitted):
    _, test = corpora()
    whole = fitted.predict(test.texts, 5)
    for row in range(0, len(test), 11):
        assert same(fitted.predict([test.texts[row]], 5), whole[row : row + 1])
    parts = [fitted.predict(test.texts[start : start + 33], 5) for start in range(0, len(test), 33)]
    assert same(type(whole).concatenate(parts), whole)


def test_the_order_of_documents_does_not_matter(fitted):
    _, test = corpora()
    order = np.random.default_rng(0).permutation(len(test))
    assert same(fitted.predict([test.texts[i] for i in order], 5), fitted.predict(test.texts, 5)[order])


@every_case
def test_what_is_given_is_left_as_it_was(case):
    train, test = corpora()
    texts, positives, config = list(train.texts), train.positives.copy(), make(case).config
    make(case).fit(train).predict(test.texts, 3)
    assert list(train.texts) == texts
    assert train.labels.counts.tolist() == corpora()[0].labels.counts.tolist()
    for name in ("data", "indices", "indptr"):
        assert getattr(train.positives, name).tobytes() == getattr(positives, name).tobytes()
    assert make(case).config == config


def test_training_counts_are_those_of_the_corpus(fitted):
    train, _ = corpora()
    assert fitted.labels.counts.tolist() == np.asarray(train.positives.sum(axis=0)).ravel().tolist()
    assert fitted.labels.n_documents == len(train)
    assert fitted.labels == train.labels


# -- inputs ---------------------------------------------------------------------------------------------------------


@both_models
def test_rows_of_features_give_what_their_texts_give(case):
    of_texts, of_rows = make(case).fit(corpora()[0]), make(case).fit(feature_corpora()[0])
    texts, rows = corpora()[1].texts, feature_corpora()[1].features
    assert same(of_texts.predict(texts, 5), of_rows.predict(rows, 5))
    assert of_texts.n_features is None
    assert of_rows.n_features == rows.shape[1]


@both_models
def test_matrices_of_any_type_and_order(case):
    train, test = feature_corpora()
    rounded = csr_matrix((np.rint(train.features.data * 8), train.features.indices, train.features.indptr))
    rounded.resize(train.features.shape)
    asked = csr_matrix((np.rint(test.features.data * 8), test.features.indices, test.features.indptr))
    asked.resize(test.features.shape)

    def shuffled(matrix):
        """The same numbers, every entry split into two halves, in falling order of columns."""
        lengths = np.diff(matrix.indptr)
        order = np.lexsort((-matrix.indices, np.repeat(np.arange(matrix.shape[0]), lengths)))
        halves = (np.repeat(matrix.data[order] / 2, 2), np.repeat(matrix.indices[order], 2), matrix.indptr * 2)
        return csr_matrix(halves, shape=matrix.shape)

    def wide(matrix):
        return csr_matrix((matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)), matrix.shape)

    variants = {
        "float32": lambda m: m.astype(np.float32),
        "float64": lambda m: m.astype(np.float64),
        "integer": lambda m: m.astype(np.int64),
        "array": lambda m: csr_array(m.astype(np.float32)),
        "shuffled": shuffled,
        "wide": wide,
    }
    expected = None
    for name, variant in variants.items():
        given, queries = variant(rounded), variant(asked)
        kept = [array.copy() for array in (given.data, given.indices, given.indptr)]
        topk = make(case).fit(FeatureCorpus(given, train.positives, train.labels)).predict(queries, 5)
        expected = topk if expected is None else expected
        assert same(topk, expected), name
        for before, after in zip(kept, (given.data, given.indices, given.indptr), strict=True):
            assert before.tobytes() == after.tobytes(), name


@both_models
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(case, bad):
    train, test = feature_corpora()
    features = train.features.copy()
    features.data[3] = bad
    with pytest.raises(InputError, match="NaN or infinite"):
        make(case).fit(dataclasses.replace(train, features=features))
    asked = test.features.copy()
    asked.data[3] = bad
    with pytest.raises(InputError, match="NaN or infinite"):
        make(case).fit(train).predict(asked)


@both_models
def test_inputs_of_the_wrong_kind_are_one_line(case):
    of_texts, of_rows = make(case).fit(corpora()[0]), make(case).fit(feature_corpora()[0])
    rows = feature_corpora()[1].features
    refused = [
        (of_texts, rows, "was trained on texts"),
        (of_texts, "a single text", "expected a list of texts"),
        (of_texts, ["a", None], "text 1"),
        (of_texts, ["a", 3.5], "text 1"),
        (of_rows, ["a text"], "was trained on rows of features"),
        (of_rows, "a text", "expected a list of texts"),
        (of_rows, rows.toarray(), "give a CSR matrix"),
        (of_rows, rows.tocsc(), "give a CSR matrix"),
        (of_rows, rows[:, :-1], f"the model was trained on {rows.shape[1]}"),
    ]
    for model, inputs, message in refused:
        with pytest.raises(InputError, match=message) as caught:
            model.predict(inputs)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("k", [0, -1, 1.5, "3", None])
def test_a_number_of_labels_that_cannot_be(fitted, k):
    with pytest.raises(InputError, match="k must be"):
        fitted.predict(["a text"], k)


def test_a_number_of_labels_of_numpy(fitted):
    assert fitted.predict(["a text"], np.int64(3)).k == 3


def test_a_beam_that_cannot_be():
    model = make("linear-tree").fit(corpora()[0])
    with pytest.raises(InputError, match="beam_width must be at least 1, not 0"):
        model.predict(["a text"], 3, beam_width=0)
    texts = corpora()[1].texts
    assert not same(model.predict(texts, 5, beam_width=1), model.predict(texts, 5, beam_width=60))


def test_texts_of_any_kind(fitted):
    odd = ["", " \n", "\0", "\ud800", "ﬁ Ⅻ ٣ 日本語", "x" * 10**6, "word " * 200_000, "\u202eright", "a\rb"]
    topk = fitted.predict(odd, 5)
    topk.validate(60)
    assert same(topk[:1], topk[1:2])
    assert fitted.predict([], 5).indices.shape == (0, 5)
    assert same(fitted.predict(tuple(odd), 5), topk)
    assert same(fitted.predict(np.array(odd[:5], dtype=object), 5), topk[:5])


@every_case
def test_a_document_of_a_megabyte_among_the_others(case):
    train, test = corpora()
    longer = Corpus([*train.texts[:-1], " ".join(train.texts) * 20 + "x" * 10**6], train.positives, train.labels)
    make(case).fit(longer).predict(test.texts, 5).validate(60)


# -- corpora at the edges -------------------------------------------------------------------------------------------


@every_case
def test_nothing_to_learn_from_is_one_line(case):
    # Labels have no texts here, which one configuration asks for; so there is one more thing to complain of.
    for corpus, message in (
        (Corpus.from_texts([], []), "no documents"),
        (Corpus.from_texts(["some text", "more"], [[], []]), "no labels"),
        (Corpus.from_texts(["", "  "], [["a"], ["b"]]), "no terms"),
    ):
        model = make(case)
        with pytest.raises(InputError, match=message) as caught:
            model.fit(corpus)
        assert "\n" not in str(caught.value)
        with pytest.raises(NotFittedError):
            model.predict(["a"])


@both_models
def test_the_smallest_corpora(case):
    one = make(case).fit(Corpus.from_texts(["a single document"], [["only"]]))
    assert one.predict(["something else", "a single document"], 3).indices.tolist() == [[0, -1, -1]] * 2
    label = make(case).fit(Corpus.from_texts(["good thing", "bad thing"], [["good"], []]))
    topk = label.predict(["good", "bad"], 2)
    assert topk.indices.tolist() == [[0, -1]] * 2
    assert topk.scores[0, 0] > topk.scores[1, 0]


@both_models
def test_labels_without_documents_are_never_predicted(case):
    space = LabelSpace(["never", "a", "b", "neither"])
    model = make(case).fit(Corpus.from_texts(["aa aa", "bb bb", "aa bb"], [["a"], ["b"], ["a", "b"]], space=space))
    topk = model.predict(["aa", "bb", "", "zz"], 4)
    assert set(topk.indices[:, :2].ravel()) == {1, 2}
    assert (topk.indices[:, 2:] == -1).all()
    assert np.isneginf(topk.scores[:, 2:]).all()
    assert model.labels.counts.tolist() == [0, 2, 2, 0]


@both_models
def test_documents_without_features_or_labels_do_not_disturb(case):
    texts = ["red apple", "", "green pear", "nothing", "red red"]
    model = make(case).fit(Corpus.from_texts(texts, [["red"], ["red"], ["green"], [], ["red"]]))
    assert model.predict(["red", "green pear"], 1).indices.ravel().tolist() == [1, 0]
    train, _ = feature_corpora()
    empty = csr_matrix((3, train.features.shape[1]), dtype=np.float32)
    make(case).fit(train).predict(empty, 3).validate(60)


@both_models
def test_a_bias_is_left_where_every_weight_is_pruned(case):
    train, test = corpora()
    model = make(case, solver={"prune": 1e9}).fit(train)
    topk = model.predict(test.texts, 5)
    assert (topk.indices == topk.indices[0]).all()


@both_models
def test_the_same_text_with_different_labels(case):
    model = make(case).fit(Corpus.from_texts(["same text"] * 5, [["often"]] * 4 + [["once"]]))
    assert model.predict(["same text"], 2).indices.tolist() == [[0, 1]]


def test_label_texts_shape_the_tree():
    train, test = corpora()
    found = {
        kind: make("linear-tree", tree={"branching": 2, "leaf_size": 8, "label_features": kind})
        .fit(train)
        .predict(test.texts, 5)
        for kind in ("pifa", "text", "mixed")
    }
    assert not same(found["pifa"], found["text"])
    assert not same(found["pifa"], found["mixed"])
    assert not same(found["text"], found["mixed"])
    model = LinearTree(tree={"label_features": "text"})
    with pytest.raises(ConfigError, match="label_features: text needs a label file"):
        model.fit(Corpus.from_texts(["some text", "more text"], [["a"], ["b"]]))
    with pytest.raises(ConfigError, match="label_features: text needs a label file"):
        model.fit(feature_corpora()[0])


# -- being configured -----------------------------------------------------------------------------------------------


@every_case
def test_before_it_is_fitted(case):
    model = make(case)
    for use in (lambda: model.predict(["a"]), lambda: model.labels, lambda: model.save("nowhere")):
        with pytest.raises(NotFittedError, match="call fit first"):
            use()


def test_options_and_sections():
    assert LinearTree(trees=3).config.trees == 3
    section = LinearTree(trees=3).config
    assert LinearTree(section).config is section
    assert LinearTree().config == LinearTree(**{}).config
    with pytest.raises(TypeError, match="either a section or options"):
        LinearTree(section, trees=2)
    with pytest.raises(TypeError, match="expected a LinearOVRConfig"):
        LinearOVR(section)
    with pytest.raises(ConfigError, match=r"LinearTree: .*did you mean 'trees'"):
        LinearTree(tress=3)
    with pytest.raises(ConfigError, match="branching must be a power of two"):
        LinearTree(tree={"branching": 3})
    assert LinearTree(tree={"branching": 3, "clustering": "kmeans"}).config.tree.branching == 3


def test_its_text_shows_what_was_chosen():
    assert repr(LinearTree()) == "LinearTree()"
    assert repr(LinearTree(trees=3, seed=1)) == "LinearTree(trees=3, seed=1)"


@every_case
def test_estimates_grow_with_the_work(case):
    train, _ = corpora()
    small, whole = make(case).estimate(train.select(range(50))), make(case).estimate(train)
    assert 10**7 < small.memory_bytes <= whole.memory_bytes < 10**10
    assert 0 < small.seconds <= whole.seconds < 60
    assert make(case).estimate(feature_corpora()[0]).memory_bytes > 10**7
    for corpus in (Corpus.from_texts([], []), Corpus.from_texts(["", ""], [["a"], []])):
        assert make(case).estimate(corpus).seconds > 0
