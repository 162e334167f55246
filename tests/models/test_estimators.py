"""scikit-learn's own checks on both classifiers, and what they leave open on matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import scale
from sklearn.svm import LinearSVC
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from manylabel.core.errors import CapacityError, ConfigError, InputError
from manylabel.models import estimators_base
from manylabel.models.estimators import LinearOVRClassifier, LinearTreeClassifier

# scikit-learn expects the same of its own LinearSVC. It asks for equal scores to seven digits, but training stops at a
# tolerance, visits documents in a random order and counts in single precision; how near weights and repetitions come
# where the tolerance is small is tested below.
STOCHASTIC = "sample weights equal repetitions up to the solver's tolerance, not to seven digits"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": STOCHASTIC,
    "check_sample_weight_equivalence_on_sparse_data": STOCHASTIC,
}
CHECKED = [
    LinearTreeClassifier(),
    LinearTreeClassifier(trees=2, branching=2, leaf_size=1, loss="logistic", negatives="matcher-aware"),
    LinearOVRClassifier(),
    LinearOVRClassifier(loss="logistic"),
]
SIMPLE = [LinearTreeClassifier, LinearOVRClassifier]


@parametrize_with_checks(CHECKED, expected_failed_checks=lambda _: EXPECTED)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_scikit_learn_checks_at_least_sixty_things(estimator):
    checks = list(estimator_checks.estimator_checks_generator(estimator))
    assert len(checks) - len(EXPECTED) >= 60


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_label_sets_decisions_and_probabilities_agree(estimator):
    """scikit-learn runs this check only on what predicts several classes for each of several outputs."""
    estimator_checks.check_classifier_multioutput(type(estimator).__name__, estimator)


@pytest.fixture(scope="module")
def multilabel():
    features, indicator = make_multilabel_classification(200, 30, n_classes=12, n_labels=2, random_state=0)
    return scale(features), indicator


@pytest.fixture(scope="module")
def multiclass():
    return make_classification(300, 20, n_informative=10, n_classes=4, random_state=0)


@pytest.mark.parametrize("loss", ["squared-hinge", "logistic"])
@pytest.mark.parametrize("kind", SIMPLE)
def test_a_weight_of_two_is_two_documents(kind, loss):
    rng = np.random.default_rng(42)
    features, classes, weights = rng.random((15, 30)), rng.integers(0, 3, 15), rng.integers(0, 5, 15)
    exact = kind(loss=loss, tolerance=1e-5, max_iterations=5000)

    weighted = exact.fit(features, classes, sample_weight=weights).decision_function(features)
    as_copies = exact.fit(features.repeat(weights, axis=0), classes.repeat(weights)).decision_function(features)
    unweighted = exact.fit(features, classes).decision_function(features)

    np.testing.assert_allclose(weighted, as_copies, atol=2e-3)
    assert np.abs(weighted - unweighted).max() > 0.5


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("kind", SIMPLE)
def test_weights_must_be_finite_and_not_negative(kind, bad, multiclass):
    features, classes = multiclass
    weights = np.ones(len(features))
    weights[3] = bad
    with pytest.raises(ValueError, match="finite numbers that are not negative"):
        kind().fit(features, classes, sample_weight=weights)


@pytest.mark.parametrize("loss", ["squared-hinge", "logistic"])
@pytest.mark.parametrize("kind", SIMPLE)
def test_as_accurate_as_scikit_learns_linear_classifier(kind, loss, multiclass):
    features, classes = multiclass
    ours = kind(loss=loss).fit(features[:200], classes[:200]).score(features[200:], classes[200:])
    assert ours >= LinearSVC().fit(features[:200], classes[:200]).score(features[200:], classes[200:]) - 0.05


@pytest.mark.parametrize("kind", SIMPLE)
def test_dense_and_sparse_rows_give_the_same_model(kind, multilabel):
    features, indicator = multilabel
    expected = kind().fit(features, indicator).decision_function(features)
    for container in (csr_matrix, csr_array, lambda rows: csr_matrix(rows).tocsc()):
        found = kind().fit(container(features), indicator).decision_function(container(features))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", SIMPLE)
def test_indicators_come_back_as_they_were_given(kind, multilabel):
    features, indicator = multilabel
    dense = kind().fit(features, indicator).predict(features)
    assert isinstance(dense, np.ndarray)
    assert dense.dtype == indicator.dtype
    assert 0 < dense.sum() < dense.size
    for container, dtype in ((csr_matrix, np.float32), (csr_array, bool)):
        sparse = kind().fit(features, container(indicator.astype(dtype))).predict(features)
        assert type(sparse) is container
        assert sparse.dtype == dtype
        np.testing.assert_array_equal(sparse.toarray(), dense)
    model = kind().fit(features, csr_matrix(indicator))
    assert model.score(features, csr_matrix(indicator)) == np.mean((dense == indicator).all(axis=1))


@pytest.mark.parametrize("kind", SIMPLE)
def test_explicit_zeros_are_no_labels(kind, multilabel):
    features, indicator = multilabel
    given = csr_matrix(np.ones_like(indicator))
    given.data = indicator.ravel().copy()
    before = given.data.copy()
    found = kind().fit(features, given).decision_function(features)
    np.testing.assert_array_equal(found, kind().fit(features, indicator).decision_function(features))
    np.testing.assert_array_equal(given.data, before)


@pytest.mark.parametrize("kind", SIMPLE)
def test_unsorted_read_only_rows_are_read_and_left_alone(kind, multilabel):
    features, indicator = multilabel
    rows = csr_matrix(np.where(np.abs(features) > 0.8, features, 0).astype(np.float32))
    expected = kind().fit(rows, indicator).decision_function(rows)
    for i in range(rows.shape[0]):
        span = slice(rows.indptr[i], rows.indptr[i + 1])
        rows.indices[span], rows.data[span] = rows.indices[span][::-1].copy(), rows.data[span][::-1].copy()
    rows.has_sorted_indices = rows.has_canonical_format = False
    before = rows.indices.copy()
    for array in (rows.data, rows.indices, rows.indptr):
        array.setflags(write=False)
    np.testing.assert_array_equal(kind().fit(rows, indicator).decision_function(rows), expected)
    np.testing.assert_array_equal(rows.indices, before)


@pytest.mark.parametrize("kind", SIMPLE)
def test_a_column_of_classes_is_taken_with_a_warning(kind, multiclass):
    features, classes = multiclass
    with pytest.warns(DataConversionWarning):
        model = kind().fit(features, classes[:, None])
    np.testing.assert_array_equal(model.predict(features), kind().fit(features, classes).predict(features))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.linspace(0, 1, 20), "continuous"),
        (np.arange(60).reshape(20, 3), "Unknown label type"),
        (np.tile([-1, 1], (20, 1)), "zeros and ones"),
        (csr_matrix(np.tile([0, 2], (20, 1))), "zeros and ones"),
    ],
)
@pytest.mark.parametrize("kind", SIMPLE)
def test_targets_that_are_no_classes_are_refused(kind, targets, message):
    with pytest.raises(ValueError, match=message):
        kind().fit(np.random.default_rng(0).random((20, 3)), targets)


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_a_label_without_documents_is_last_and_finite(estimator, multilabel):
    features, indicator = multilabel
    indicator = indicator.copy()
    indicator[:, 4] = 0
    model = estimator.fit(features, indicator)
    decision = model.decision_function(features)
    assert np.isfinite(decision).all()
    assert (decision.argmin(axis=1) == 4).all()
    assert model.predict(features)[:, 4].sum() == 0
    assert not (model.predict_top_k(features, 12).indices == 4).any()
    if hasattr(model, "predict_proba"):
        assert (model.predict_proba(features)[:, 4] == 0).all()
    kept = np.delete(np.arange(12), 4)
    assert average_precision_score(indicator[:, kept], decision[:, kept]) > 0.5


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_a_class_whose_documents_weigh_nothing_is_never_predicted(estimator, multiclass):
    features, classes = multiclass
    for n_classes in (2, 4):
        chosen = classes < n_classes
        model = estimator.fit(features[chosen], classes[chosen], sample_weight=classes[chosen] != 1)
        assert list(model.classes_) == list(range(n_classes))
        assert 1 not in model.predict(features)
        assert np.isfinite(model.decision_function(features)).all()
        if hasattr(model, "predict_proba"):
            probabilities = model.predict_proba(features)
            assert (probabilities[:, 1] == 0).all()
            np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("kind", SIMPLE)
def test_no_labels_at_all_predicts_none(kind, multilabel):
    features, indicator = multilabel
    model = kind().fit(features, np.zeros_like(indicator))
    assert model.predict(features).sum() == 0
    assert (model.predict_top_k(features, 3).indices == -1).all()


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_the_best_k_are_those_of_the_decision_function(estimator, multilabel):
    features, indicator = multilabel
    model = estimator.fit(features, indicator)
    top = model.predict_top_k(features, 5)
    top.validate(indicator.shape[1])
    assert top.labels is None
    expected = np.argsort(-model.decision_function(features), axis=1, kind="stable")[:, :5]
    if isinstance(model, LinearTreeClassifier) and model.trees == 1:
        np.testing.assert_array_equal(top.indices, expected)
    else:  # means of probabilities and means of their logarithms round differently
        assert np.mean(top.indices == expected) > 0.99
    if hasattr(model, "predict_proba"):
        assert top.kind == "probability"
        probabilities = np.take_along_axis(model.predict_proba(features), top.indices.astype(np.int64), axis=1)
        np.testing.assert_allclose(top.scores, probabilities, rtol=1e-4, atol=1e-6)
    else:
        assert top.kind == "margin"
    assert model.predict_top_k(features, 50).indices.shape == (200, 50)


@pytest.mark.parametrize("k", [0, -1, 2.5, "3"])
def test_k_is_a_positive_whole_number(k, multilabel):
    features, indicator = multilabel
    with pytest.raises(InputError, match="whole number of at least 1"):
        LinearOVRClassifier().fit(features, indicator).predict_top_k(features, k)


@pytest.mark.parametrize("kind", SIMPLE)
def test_lists_of_candidates_grow_until_all_assigned_labels_are_found(kind):
    """All documents have all but one of 150 labels, more than the first list of candidates holds."""
    rng = np.random.default_rng(0)
    features = np.eye(150)[rng.permutation(np.repeat(np.arange(150), 3))]
    indicator = 1 - features.astype(int)
    model = kind(cost=100, max_iterations=200, leaf_size=50) if kind is LinearTreeClassifier else kind(cost=100)
    predicted = model.fit(features, indicator).predict(features)
    np.testing.assert_array_equal(predicted, model.decision_function(features) > 0)
    assert predicted.sum(axis=1).min() > 140


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_thresholds_and_numbers_of_labels(estimator, multilabel):
    features, indicator = multilabel
    model = estimator.fit(features, indicator)
    top = model.predict_top_k(features, indicator.shape[1])
    scores = np.full(indicator.shape, -np.inf)
    present = top.indices >= 0
    scores[np.repeat(np.arange(len(features)), present.sum(axis=1)), top.indices[present]] = top.scores[present]
    usual = model.predict(features)
    try:
        cut = float(top.scores[0, 1])
        found = model.set_params(threshold=cut).predict(features)
        assert found.sum() != usual.sum()
        clear = np.abs(scores - cut) > 1e-6
        np.testing.assert_array_equal(found[clear], (scores >= cut)[clear])
        found = model.set_params(threshold=None, top_n=3).predict(features)
        assert (found.sum(axis=1) == 3).all()
        assert (np.take_along_axis(found, top.indices[:, :3].astype(np.int64), axis=1) == 1).all()
        np.testing.assert_array_equal(model.set_params(top_n=100).predict(features), scores > -np.inf)
        with pytest.raises(ConfigError, match="leave one out"):
            model.set_params(threshold=0.1).predict(features)
        with pytest.raises(ConfigError, match="top_n: expected a whole number"):
            model.set_params(threshold=None, top_n=0).predict(features)
        with pytest.raises(ConfigError, match="threshold: expected a number"):
            model.set_params(threshold="high", top_n=None).predict(features)
        with pytest.raises(ConfigError, match="one class per document"):
            model.set_params(threshold=0.1).fit(features, indicator.argmax(axis=1))
    finally:
        model.set_params(threshold=None, top_n=None)


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_many_classes_are_sought_by_search(estimator, monkeypatch, multiclass):
    features, classes = multiclass
    model = estimator.fit(features, classes)
    expected = model.predict(features)
    monkeypatch.setattr(estimators_base, "_SEARCH_FROM", 3)
    np.testing.assert_array_equal(model.predict(features), expected)


@pytest.mark.parametrize("trees", [1, 3])
def test_classes_stay_apart_where_their_probabilities_are_too_small_for_single_precision(trees, multiclass):
    features, classes = multiclass
    model = LinearTreeClassifier(trees=trees).fit(features, classes)
    model.trees_ = tuple(
        replace(tree, levels=tuple(replace(level, biases=level.biases - 8) for level in tree.levels))
        for tree in model.trees_
    )
    decision = model.decision_function(features)
    assert (decision.max(axis=1) < np.log(1e-46)).sum() > 100
    np.testing.assert_array_equal(model.predict(features), decision.argmax(axis=1))
    assert len(np.unique(model.predict(features))) == 4
    np.testing.assert_allclose(model.predict_proba(features).sum(axis=1), 1)


@pytest.mark.parametrize("kind", SIMPLE)
def test_large_dense_results_are_refused_in_one_line(kind, monkeypatch, multilabel):
    features, indicator = multilabel
    model = kind(loss="logistic").fit(features, indicator)
    monkeypatch.setattr(estimators_base, "LARGEST_DENSE", 200 * 12 * 8 - 1)
    for method in (model.decision_function, model.predict_proba):
        with pytest.raises(CapacityError, match=r"19 kB.*predict_top_k\(X, k\)") as caught:
            method(features)
        assert "\n" not in str(caught.value)
        assert method(features[:199]).shape == (199, 12)
    with pytest.raises(CapacityError, match="sparse indicator matrix"):
        model.predict(features)
    assert kind().fit(features, csr_matrix(indicator)).predict(features).shape == (200, 12)


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_scoring_in_blocks_changes_nothing(estimator, monkeypatch, multiclass, multilabel):
    for features, targets in (multiclass, multilabel):
        model = estimator.fit(features, targets)
        expected = model.decision_function(features), model.predict(features)
        monkeypatch.setattr(estimators_base, "_CELLS_PER_BLOCK", 100)
        np.testing.assert_array_equal(model.decision_function(features), expected[0])
        np.testing.assert_array_equal(model.predict(features), expected[1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost": -1}, "cost: input should be greater than 0, got -1"),
        ({"loss": "hinge"}, "loss"),
        ({"prune": -0.1}, "prune"),
        ({"random_state": -3}, "random_state"),
        ({"tfidf": {"min_d": 2}}, "tfidf: min_d: unknown key.*did you mean 'min_df'"),
        ({"tfidf": "word"}, "tfidf: expected a mapping"),
    ],
)
@pytest.mark.parametrize("kind", SIMPLE)
def test_a_wrong_parameter_is_named_in_one_line(kind, options, message, multiclass):
    with pytest.raises(ConfigError, match=f"{kind.__name__}.*{message}") as caught:
        kind(**options).fit(*multiclass)
    assert "\n" not in str(caught.value)


def test_a_branching_that_is_no_power_of_two_is_refused_where_clusters_are_balanced(multilabel):
    with pytest.raises(ConfigError, match="power of two"):
        LinearTreeClassifier(branching=3).fit(*multilabel)
    assert LinearTreeClassifier(branching=3, leaf_size=2, clustering="kmeans").fit(*multilabel).trees_[0].tree.depth > 1


@pytest.mark.parametrize("kind", SIMPLE)
def test_pruning_is_off_for_matrices(kind, multilabel):
    features, indicator = multilabel
    default = kind().fit(features, indicator).decision_function(features)
    np.testing.assert_array_equal(default, kind(prune=0).fit(features, indicator).decision_function(features))
    assert not np.array_equal(default, kind(prune=0.1).fit(features, indicator).decision_function(features))


@pytest.mark.parametrize("kind", SIMPLE)
def test_random_states_of_all_kinds(kind, multiclass):
    features, classes = multiclass
    scores = [
        kind(random_state=state).fit(features, classes).decision_function(features)
        for state in (0, 0, 1, np.random.RandomState(5), np.random.RandomState(5), None)
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_array_equal(scores[3], scores[4])
    assert not np.array_equal(scores[0], scores[2])
    assert not np.array_equal(scores[0], scores[3])


def test_probabilities_of_one_versus_rest_need_the_logistic_loss(multiclass):
    assert not hasattr(LinearOVRClassifier(), "predict_proba")
    model = LinearOVRClassifier().fit(*multiclass)
    with pytest.raises(AttributeError):
        model.predict_proba(multiclass[0])
