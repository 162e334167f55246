"""What scikit-learn checks on matrices, on texts: the classifiers as users of scikit-learn meet them."""

from __future__ import annotations

import copy
import pickle
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MultiLabelBinarizer

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.models.estimators import LinearOVRClassifier, LinearTreeClassifier
from manylabel.models.linear_ovr import LinearOVR
from manylabel.models.linear_tree import LinearTree
from manylabel.text.tfidf_config import TfidfConfig

TOPICS = ["art", "biology", "chess", "dance", "energy", "football", "glass", "history"]
ESTIMATORS = {
    "tree": LinearTreeClassifier(),
    "forest": LinearTreeClassifier(trees=2, leaf_size=2, branching=2, loss="logistic", cost=50),
    "ovr": LinearOVRClassifier(),
    "ovr-logistic": LinearOVRClassifier(loss="logistic", cost=50),
}


def make_documents(n: int, seed: int) -> tuple[list[str], list[list[str]]]:
    """Texts of words like ``chess7``, drawn from one to three topics, and the topics."""
    rng = np.random.default_rng(seed)
    texts, names = [], []
    for _ in range(n):
        topics = rng.choice(TOPICS, rng.integers(1, 4), replace=False)
        words = [f"{topic}{number}" for topic in topics for number in rng.integers(0, 12, 6)]
        texts.append(" ".join(rng.permutation([*words, *(f"common{number}" for number in rng.integers(0, 20, 6))])))
        names.append([str(topic) for topic in topics])
    return texts, names


TEXTS, NAMES = make_documents(120, seed=1)
NEW_TEXTS, NEW_NAMES = make_documents(40, seed=2)
INDICATOR = MultiLabelBinarizer(classes=TOPICS).fit_transform(NAMES)
NEW_INDICATOR = MultiLabelBinarizer(classes=TOPICS).fit_transform(NEW_NAMES)
SINGLE = [names[0] for names in NAMES]
NEW_SINGLE = [names[0] for names in NEW_NAMES]


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    """A fresh, unfitted classifier."""
    return clone(ESTIMATORS[request.param])


@pytest.fixture(scope="module")
def fitted():
    """Classifiers fitted on lists of names, to be left as they are."""
    return {key: clone(estimator).fit(TEXTS, NAMES) for key, estimator in ESTIMATORS.items()}


@pytest.fixture(params=ESTIMATORS)
def model(request, fitted):
    """A fitted classifier, to be left as it is."""
    return fitted[request.param]


def methods_of(model):
    return [name for name in ("predict", "decision_function", "predict_proba", "predict_top_k") if hasattr(model, name)]


def outputs_of(model, texts):
    """All that a model says of texts, as arrays and lists that can be compared."""
    outputs = {name: getattr(model, name)(texts) for name in methods_of(model)}
    top = outputs.pop("predict_top_k")
    return {**outputs, "indices": top.indices, "scores": top.scores}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, list):
            assert found[name] == value
        else:
            np.testing.assert_array_equal(found[name], value)


# -- parameters ------------------------------------------------------------------------------------------------------


def test_a_clone_has_the_parameters_and_is_not_fitted(model):
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copied.predict(TEXTS)


def test_get_params_names_every_argument(estimator):
    assert set(estimator.get_params()) == set(signature(type(estimator)).parameters)


def test_set_params_takes_what_get_params_gave(estimator):
    options = {"cost": 0.25, "top_n": 2, "tfidf": {"min_df": 2}}
    changed = type(estimator)().set_params(**{**estimator.get_params(), **options})
    assert changed.get_params() == {**estimator.get_params(), **options}
    with pytest.raises(ValueError, match="Invalid parameter 'costs'"):
        estimator.set_params(costs=1)


def test_fit_returns_itself_and_leaves_its_parameters(estimator):
    before = copy.deepcopy(estimator.get_params())
    assert estimator.fit(TEXTS, NAMES) is estimator
    assert estimator.get_params() == before
    assert all(name.endswith("_") or name.startswith("_") or name in before for name in vars(estimator))


def test_the_representation_shows_what_was_changed():
    assert repr(LinearOVRClassifier(cost=0.5)) == "LinearOVRClassifier(cost=0.5)"


@pytest.mark.parametrize(
    ("options", "message"),
    [({"tfidf": {"analyser": "word"}}, "did you mean 'analyzer'"), ({"cost": 0}, "cost"), ({"tfidf": 3}, "mapping")],
)
def test_a_wrong_parameter_gives_one_line(estimator, options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        estimator.set_params(**options).fit(TEXTS, NAMES)
    assert "\n" not in str(caught.value)


def test_text_options_as_a_mapping_or_a_section(estimator):
    options = {"ngram_range": (1, 2), "min_df": 2}
    by_mapping = clone(estimator).set_params(tfidf=options).fit(TEXTS, NAMES)
    by_section = estimator.set_params(tfidf=TfidfConfig.parse(options)).fit(TEXTS, NAMES)
    assert_same(outputs_of(by_mapping, NEW_TEXTS), outputs_of(by_section, NEW_TEXTS))
    assert any(" " in term for term in by_mapping.tfidf_.vocabulary)


# -- fitting ---------------------------------------------------------------------------------------------------------


def test_before_fit_every_method_says_so(estimator):
    for name in methods_of(estimator):
        with pytest.raises(NotFittedError):
            getattr(estimator, name)(TEXTS)
    with pytest.raises(NotFittedError):
        estimator.score(TEXTS, NAMES)


def test_a_second_fit_gives_the_same(model):
    expected = outputs_of(model, NEW_TEXTS)
    again = clone(model).fit(TEXTS, NAMES)
    assert_same(outputs_of(again, NEW_TEXTS), expected)
    assert_same(outputs_of(again.fit(TEXTS, NAMES), NEW_TEXTS), expected)


def test_a_fit_forgets_the_one_before(estimator):
    expected = outputs_of(clone(estimator).fit(TEXTS, NAMES), NEW_TEXTS)
    features = pd.DataFrame(np.random.default_rng(0).random((30, 4)), columns=list("abcd"))
    estimator.fit(features, np.arange(30) % 3)
    assert estimator.n_features_in_ == 4
    estimator.fit(TEXTS, NAMES)
    assert_same(outputs_of(estimator, NEW_TEXTS), expected)
    assert not hasattr(estimator, "n_features_in_")
    assert not hasattr(estimator, "feature_names_in_")


def test_inputs_are_left_alone(estimator):
    texts, names, indicator = list(TEXTS), copy.deepcopy(NAMES), INDICATOR.copy()
    weights = np.arange(len(TEXTS), dtype=float)
    estimator.fit(texts, names, sample_weight=weights).predict(texts)
    estimator.fit(texts, indicator).predict(texts)
    assert texts == TEXTS
    assert names == NAMES
    np.testing.assert_array_equal(indicator, INDICATOR)
    np.testing.assert_array_equal(weights, np.arange(len(TEXTS)))


@pytest.mark.parametrize("container", [tuple, np.array, pd.Series, lambda texts: np.array(texts, dtype=object)])
def test_any_sequence_of_texts_will_do(model, container):
    assert_same(outputs_of(model, container(NEW_TEXTS)), outputs_of(model, NEW_TEXTS))
    again = clone(model).fit(container(TEXTS), NAMES)
    assert_same(outputs_of(again, NEW_TEXTS), outputs_of(model, NEW_TEXTS))


def test_equal_to_the_models_of_this_package():
    """Same features, same solver, same search: only the face differs."""
    corpus = Corpus.from_texts(TEXTS, NAMES)
    for face, plain in ((LinearTreeClassifier(), LinearTree()), (LinearOVRClassifier(), LinearOVR())):
        found, expected = face.fit(TEXTS, NAMES).predict_top_k(NEW_TEXTS, 5), plain.fit(corpus).predict(NEW_TEXTS, 5)
        np.testing.assert_array_equal(found.indices, expected.indices)
        np.testing.assert_array_equal(found.scores, expected.scores)
        assert found.kind == expected.kind
        assert found.labels == expected.labels


def test_a_document_of_weight_zero_is_as_if_it_were_not_there(model):
    kept = np.arange(len(TEXTS)) % 4 != 0
    expected = clone(model).fit(
        [text for text, keep in zip(TEXTS, kept, strict=True) if keep],
        [names for names, keep in zip(NAMES, kept, strict=True) if keep],
    )
    weighted = clone(model).fit(TEXTS, NAMES, sample_weight=kept.astype(float))
    assert weighted.tfidf_.vocabulary == expected.tfidf_.vocabulary
    np.testing.assert_allclose(
        weighted.decision_function(NEW_TEXTS), expected.decision_function(NEW_TEXTS), rtol=1e-5, atol=1e-5
    )


# -- targets ---------------------------------------------------------------------------------------------------------


def test_names_and_indicators_give_the_same_scores(model):
    expected = model.decision_function(NEW_TEXTS)
    assert model.classes_.tolist() == TOPICS
    for targets in (INDICATOR, csr_matrix(INDICATOR), [set(names) for names in NAMES], pd.Series(NAMES)):
        found = clone(model).fit(TEXTS, targets).decision_function(NEW_TEXTS)
        np.testing.assert_array_equal(found, expected)


def test_predictions_come_in_the_kind_of_the_targets(model):
    dense = clone(model).fit(TEXTS, INDICATOR).predict(NEW_TEXTS)
    sparse = clone(model).fit(TEXTS, csr_matrix(INDICATOR)).predict(NEW_TEXTS)
    names = model.predict(NEW_TEXTS)
    assert dense.shape == (40, 8)
    assert dense.dtype == INDICATOR.dtype
    assert isinstance(sparse, csr_matrix)
    np.testing.assert_array_equal(sparse.toarray(), dense)
    assert isinstance(names, list)
    np.testing.assert_array_equal(MultiLabelBinarizer(classes=TOPICS).fit_transform(names), dense)
    assert np.mean(dense == NEW_INDICATOR) > 0.95


def test_names_come_best_first(model):
    names, decision = model.predict(NEW_TEXTS), model.decision_function(NEW_TEXTS)
    assert max(map(len, names)) > 1
    for found, row in zip(names, decision, strict=True):
        scores = [row[TOPICS.index(name)] for name in found]
        assert scores == sorted(scores, reverse=True)
        assert len(found) == np.sum(row > 0)


def test_one_class_per_text(model):
    single = clone(model).fit(TEXTS, SINGLE)
    predicted = single.predict(NEW_TEXTS)
    decision = single.decision_function(NEW_TEXTS)
    assert predicted.shape == (40,)
    assert list(single.classes_) == TOPICS
    np.testing.assert_array_equal(single.classes_[decision.argmax(axis=1)], predicted)
    assert np.mean([name in names for name, names in zip(predicted, NEW_NAMES, strict=True)]) > 0.9
    if hasattr(single, "predict_proba"):
        np.testing.assert_allclose(single.predict_proba(NEW_TEXTS).sum(axis=1), 1)
    assert single.predict_top_k(NEW_TEXTS, 3).labels.names_of([0, 7]) == ["art", "history"]


def test_two_classes(model):
    binary = clone(model).fit(TEXTS, INDICATOR[:, 2])
    decision = binary.decision_function(NEW_TEXTS)
    assert decision.shape == (40,)
    np.testing.assert_array_equal(binary.predict(NEW_TEXTS), decision > 0)
    assert binary.score(NEW_TEXTS, NEW_INDICATOR[:, 2]) > 0.95


def test_one_class_alone_is_always_predicted(model):
    assert set(clone(model).fit(TEXTS, ["only"] * len(TEXTS)).predict(NEW_TEXTS)) == {"only"}
    assert clone(model).fit(TEXTS, [["only"]] * len(TEXTS)).predict(NEW_TEXTS) == [["only"]] * len(NEW_TEXTS)


def test_a_name_given_twice_counts_once(model):
    again = clone(model).fit(TEXTS, [[*names, names[0]] for names in NAMES])
    assert_same(outputs_of(again, NEW_TEXTS), outputs_of(model, NEW_TEXTS))


def test_documents_without_labels_are_kept(estimator):
    names = [[], *NAMES[1:]]
    indicator = INDICATOR.copy()
    indicator[0] = 0
    found = clone(estimator).fit(TEXTS, names).decision_function(NEW_TEXTS)
    np.testing.assert_array_equal(found, estimator.fit(TEXTS, indicator).decision_function(NEW_TEXTS))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[]] * len(TEXTS), "no document has a label"),
        ([["a"], "b", *NAMES[2:]], "labels 1 .* is 'b', not a list"),
        ([["a"], ["b", 3], *NAMES[2:]], "labels 1 .* holds 3 of type int"),
        (NAMES[:-1], "inconsistent numbers of samples"),
        (SINGLE[:-1], "inconsistent numbers of samples"),
        (None, "requires y to be passed"),
        (np.linspace(0, 1, len(TEXTS)), "continuous"),
    ],
)
def test_wrong_targets_give_one_line(estimator, targets, message):
    with pytest.raises((InputError, ValueError), match=message) as caught:
        estimator.fit(TEXTS, targets)
    assert "\n" not in str(caught.value)


# -- predicting ------------------------------------------------------------------------------------------------------


def test_a_part_of_the_texts_gets_the_same_answers(model):
    whole = outputs_of(model, NEW_TEXTS)
    for rows in (slice(0, 1), slice(17, 18), slice(5, 40)):
        assert_same(outputs_of(model, NEW_TEXTS[rows]), {name: value[rows] for name, value in whole.items()})


def test_the_order_of_the_texts_changes_nothing(model):
    order = np.random.default_rng(0).permutation(len(NEW_TEXTS))
    whole = outputs_of(model, NEW_TEXTS)
    expected = {
        name: [value[i] for i in order] if isinstance(value, list) else value[order] for name, value in whole.items()
    }
    assert_same(outputs_of(model, [NEW_TEXTS[i] for i in order]), expected)


def test_a_pickled_classifier_predicts_the_same(model):
    assert_same(outputs_of(pickle.loads(pickle.dumps(model)), NEW_TEXTS), outputs_of(model, NEW_TEXTS))


def test_empty_texts_and_unknown_words_get_scores(model):
    for text in ("", "   ", "entirely unheard"):
        assert model.decision_function([text]).shape == (1, 8)
    np.testing.assert_array_equal(model.decision_function([""]), model.decision_function(["entirely unheard"]))
    assert np.isfinite(clone(model).fit(["", *TEXTS[1:]], NAMES).decision_function(NEW_TEXTS)).all()


def test_no_texts_get_no_predictions(model):
    assert model.predict([]) == []
    assert model.decision_function([]).shape == (0, 8)
    assert model.predict_top_k([]).n == 0


def test_the_best_k_are_those_of_the_decision_function(model):
    top = model.predict_top_k(NEW_TEXTS, 3)
    decision = model.decision_function(NEW_TEXTS)
    assert list(top.labels.names) == TOPICS
    np.testing.assert_array_equal(top.indices, np.argsort(-decision, axis=1, kind="stable")[:, :3])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a single text", "sequence of texts"),
        (b"bytes", "sequence of texts"),
        (["a text", 3], "text 1 .* is of type int"),
        ([None, "a text"], "text 0 .* is of type NoneType"),
        (["a text", b"bytes"], "text 1 .* is of type bytes"),
        (["a text", float("nan")], "text 1 .* is of type float"),
        ([["a", "text"]], "fitted on texts"),
        (np.zeros((2, 3)), "fitted on texts"),
        (csr_matrix((2, 3)), "fitted on texts"),
        (7, "fitted on texts"),
        (None, "fitted on texts"),
    ],
)
def test_wrong_texts_give_one_line(model, texts, message):
    for method in methods_of(model):
        with pytest.raises(InputError, match=message) as caught:
            getattr(model, method)(texts)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("texts", ["a single text", ["a text", 3], [None, "a text"]])
def test_wrong_texts_cannot_be_fitted_on(estimator, texts):
    with pytest.raises(InputError) as caught:
        estimator.fit(texts, ["a", "b"])
    assert "\n" not in str(caught.value)


def test_texts_without_a_word_cannot_be_fitted_on(estimator):
    with pytest.raises(InputError) as caught:
        estimator.fit(["", "!"], [["a"], ["b"]])
    assert "\n" not in str(caught.value)


def test_a_classifier_of_matrices_refuses_texts(estimator):
    estimator.fit(np.random.default_rng(0).random((20, 3)), np.arange(20) % 3)
    with pytest.raises(InputError, match="rows of features"):
        estimator.predict(["a text"])
    with pytest.raises(InputError, match="tfidf is set, but X holds rows of features"):
        estimator.set_params(tfidf={}).fit(np.zeros((4, 3)), [0, 1, 0, 1])


def test_unknown_labels_count_as_misses(model):
    predicted = model.predict(NEW_TEXTS)
    assert model.score(NEW_TEXTS, predicted) == 1.0
    assert model.score(NEW_TEXTS, [[*names, "unheard"] for names in predicted]) == 0.0
    half = [names if i % 2 else ["unheard"] for i, names in enumerate(predicted)]
    assert model.score(NEW_TEXTS, half) == 0.5
    assert model.score(NEW_TEXTS, half, sample_weight=np.arange(40) % 2) == 1.0
    assert model.score(NEW_TEXTS, NEW_NAMES) == np.mean(
        [set(found) == set(names) for found, names in zip(predicted, NEW_NAMES, strict=True)]
    )


# -- inside scikit-learn ---------------------------------------------------------------------------------------------


def test_in_a_pipeline_with_a_step_before_it(model):
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipeline = Pipeline([("lower", lower), ("classifier", clone(model))])
    pipeline.fit([text.upper() for text in TEXTS], NAMES)
    assert pipeline.predict([text.upper() for text in NEW_TEXTS]) == model.predict(NEW_TEXTS)


def test_after_scikit_learns_vectoriser(model):
    """The same features from outside: the same model, once pruning and passes are those for texts."""
    classifier = clone(model).set_params(prune=0.1, max_iterations=20)
    pipeline = Pipeline([("tfidf", TfidfVectorizer(dtype=np.float32)), ("classifier", classifier)]).fit(TEXTS, NAMES)
    np.testing.assert_array_equal(pipeline.decision_function(NEW_TEXTS), model.decision_function(NEW_TEXTS))


@pytest.mark.parametrize(
    ("targets", "options"),
    [(INDICATOR, {"scoring": "f1_micro"}), (SINGLE, {}), (NAMES, {"cv": KFold(3)})],
    ids=["indicator", "classes", "names"],
)
def test_in_a_grid_search(estimator, targets, options):
    grid = {"cost": [1e-4, 10.0], "tfidf": [None, {"max_features": 5}]}
    search = GridSearchCV(estimator, grid, **{"cv": 3, **options}).fit(TEXTS, targets)
    assert search.best_params_ == {"cost": 10.0, "tfidf": None}
    assert search.best_score_ > 0.3
    assert len(search.predict(NEW_TEXTS)) == 40
    assert search.cv_results_["mean_test_score"].min() < search.best_score_


def test_in_cross_validation(estimator):
    scores = cross_val_score(estimator, TEXTS, NAMES, cv=KFold(3))
    assert (scores > 0.3).all()
    np.testing.assert_array_equal(scores, cross_val_score(estimator, TEXTS, INDICATOR, cv=KFold(3)))
    decision = cross_val_predict(estimator, TEXTS, INDICATOR, cv=KFold(3), method="decision_function")
    assert np.mean((decision > 0) == INDICATOR) > 0.9


def test_weights_reach_the_classifier_through_a_pipeline(estimator):
    weights = np.where(INDICATOR[:, 0], 0.0, 1.0)
    pipeline = Pipeline([("classifier", estimator)]).fit(TEXTS, INDICATOR, classifier__sample_weight=weights)
    assert pipeline.predict(NEW_TEXTS)[:, 0].sum() == 0
    assert NEW_INDICATOR[:, 0].sum() > 0
