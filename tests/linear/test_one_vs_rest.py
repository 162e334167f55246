"""One classifier per label: the solver's weights, all labels scored, and labels at the edges."""

from dataclasses import replace

import numpy as np
import pytest
from problems import Problem, documents
from scipy.sparse import csr_matrix

from manylabel.core import parallel
from manylabel.core.stages import Stages
from manylabel.core.topk import TopK
from manylabel.linear import one_vs_rest
from manylabel.linear.one_vs_rest import OneVsRest, fit_one_vs_rest
from manylabel.linear.solver_options import SolverOptions

FEATURES, POSITIVES = documents(n=200, d=120, k=150)
TIGHT = SolverOptions(tolerance=1e-4, max_iterations=3000, prune=0.0)
LOOSE = SolverOptions()


def fit(features=FEATURES, positives=POSITIVES, options=LOOSE, **more):
    return fit_one_vs_rest(features, positives, options, **{"seed": 0, **more})


def dense(model):
    """Weights [d, L]."""
    d = len(model.indptr) - 1
    stored = csr_matrix((model.values, model.labels, model.indptr), shape=(d, len(model.scales)))
    return stored.toarray() * model.scales.astype(np.float64)


def same(one, other):
    return all(array.tobytes() == other.to_arrays()[name].tobytes() for name, array in one.to_arrays().items())


@pytest.mark.parametrize("loss", ["squared-hinge", "logistic"])
def test_the_weights_are_those_of_the_solver(loss):
    model = fit(options=TIGHT.with_values(loss=loss))
    expected = Problem(FEATURES, POSITIVES, loss).solve()
    scales = np.abs(expected.weights).max(axis=0) / 32767
    assert (np.abs(dense(model) - expected.weights) <= scales + 1e-3).all()
    np.testing.assert_allclose(model.biases, expected.biases, atol=1e-3)


def test_predictions_are_the_best_margins():
    model = fit()
    margins = FEATURES.astype(np.float64) @ dense(model) + model.biases
    expected = TopK.from_dense(margins, 7)
    indices, scores = model.predict(FEATURES, 7)
    TopK(indices, scores, "margin").validate(150)
    np.testing.assert_allclose(scores, expected.scores, atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(margins, indices.astype(int), axis=1), scores, atol=1e-5)


def test_the_grouping_of_labels_changes_nothing_beyond_the_tolerance(monkeypatch):
    together = fit(options=TIGHT)
    for size in (1, 7, 150):
        monkeypatch.setattr(one_vs_rest, "_LABELS_PER_BLOCK", size)
        apart = fit(options=TIGHT)
        np.testing.assert_allclose(dense(apart), dense(together), atol=1e-3)
        np.testing.assert_allclose(apart.biases, together.biases, atol=1e-3)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(one_vs_rest, "_DOCUMENTS_PER_JOB", 37)
    models, found = [], []
    for threads in (1, 2, 3):
        monkeypatch.setattr(parallel, "n_threads", lambda threads=threads: threads)
        models.append(fit())
        found.append(models[-1].predict(FEATURES, 5))
    assert same(models[0], models[1])
    assert same(models[0], models[2])
    for indices, scores in found[1:]:
        assert indices.tobytes() == found[0][0].tobytes()
        assert scores.tobytes() == found[0][1].tobytes()
    assert not same(models[0], fit(seed=1))


def test_a_document_alone_gets_the_same_bits_as_in_a_batch():
    model = fit()
    indices, scores = model.predict(FEATURES, 5)
    for row in range(0, 200, 9):
        alone = model.predict(FEATURES[row], 5)
        assert alone[0].tobytes() == indices[row].tobytes()
        assert alone[1].tobytes() == scores[row].tobytes()


def test_ties_go_to_the_smaller_label():
    positives = csr_matrix(np.repeat(POSITIVES[:, [0]].toarray(), 5, axis=1))
    indices, scores = fit(positives=positives, options=LOOSE.with_values(prune=1e9)).predict(FEATURES[:4], 7)
    assert indices.tolist() == [[0, 1, 2, 3, 4, -1, -1]] * 4
    assert (scores[:, :5] == scores[:, :1]).all()


def test_labels_at_the_edges():
    positives = POSITIVES[:, :20].toarray()
    positives[:, 3], positives[:, 8] = False, True
    for loss in ("squared-hinge", "logistic"):
        model = fit(positives=csr_matrix(positives), options=LOOSE.with_values(loss=loss))
        model.validate(120, 20)
        indices, scores = model.predict(FEATURES, 25)
        assert not (indices == 3).any()
        assert (indices[:, 19:] == -1).all()
        assert np.isneginf(scores[:, 19:]).all()
        assert (indices[:, 0] == 8).all()


@pytest.mark.parametrize(("n", "labels"), [(1, 1), (1, 3), (4, 1), (2, 70)])
def test_the_smallest_corpora(n, labels):
    positives = csr_matrix(np.arange(n)[:, None] % labels == np.arange(labels))
    indices, _ = fit(FEATURES[:n], positives).predict(FEATURES[:n], labels)
    assert indices[:, 0].tolist() == (np.arange(n) % labels).tolist()


def test_documents_without_features_get_the_biases():
    model = fit()
    indices, scores = model.predict(csr_matrix((2, 120), dtype=np.float32), 150)
    assert indices[0].tolist() == np.lexsort((np.arange(150), -model.biases)).tolist()
    np.testing.assert_array_equal(scores[0], model.biases[indices[0]])
    assert model.predict(FEATURES[:0], 3)[0].shape == (0, 3)


def test_costs_go_to_the_right_labels():
    rng = np.random.default_rng(0)
    by_positive, by_negative = rng.uniform(0.2, 3, (2, 150)).astype(np.float32)
    by_document = rng.uniform(0.2, 3, 200).astype(np.float32)
    costs = {"positive_costs": by_positive, "negative_costs": by_negative, "row_costs": by_document}
    model = fit(options=TIGHT, **costs)
    expected = Problem(FEATURES, POSITIVES, **costs).solve()
    np.testing.assert_allclose(dense(model), expected.weights, atol=2e-3)


def test_what_is_given_is_left_as_it_was():
    features, positives = FEATURES.copy(), POSITIVES.copy()
    fit(features, positives)
    for given, kept in ((features, FEATURES), (positives, POSITIVES)):
        for name in ("data", "indices", "indptr"):
            assert getattr(given, name).tobytes() == getattr(kept, name).tobytes()


def test_a_resumed_training_gives_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(one_vs_rest, "_LABELS_PER_BLOCK", 10)
    monkeypatch.setattr(one_vs_rest, "_BLOCKS_PER_PART", 4)
    expected = fit()
    for _ in range(2):
        assert same(fit(stages=Stages.begin(tmp_path / "s", {}, resume=True)), expected)
    assert len(list((tmp_path / "s").glob("*.done"))) == 4


def test_arrays_that_reach_beyond_each_other_are_found():
    model = fit()
    model.validate(120, 150)
    OneVsRest.from_arrays(model.to_arrays()).validate(120, 150)

    def changed(name, position, value):
        copy = getattr(model, name).copy()
        copy[position] = value
        return replace(model, **{name: copy})

    wrong = [
        changed("indptr", 0, 1),
        changed("indptr", -1, 10**9),
        changed("indptr", 5, 10**9),
        changed("labels", 7, 150),
        changed("labels", 7, -1),
        replace(model, values=model.values[:-1]),
        replace(model, labels=model.labels.astype(np.float32)),
        replace(model, scales=model.scales[:-1]),
        replace(model, biases=model.biases[:, None]),
    ]
    for number, case in enumerate(wrong):
        assert not is_valid(case, 120, 150), number
    assert not is_valid(model, 119, 150)
    assert not is_valid(model, 120, 151)


def is_valid(model, n_features, n_labels):
    try:
        model.validate(n_features, n_labels)
    except ValueError:
        return False
    return True
