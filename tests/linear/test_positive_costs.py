"""Costs of positives: what they do, and how they are found."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.core.stages import Stages
from manylabel.linear import positive_costs
from manylabel.linear.one_vs_rest import fit_one_vs_rest
from manylabel.linear.positive_costs import search_positive_costs
from manylabel.linear.solver_options import SolverOptions

VALUES = (1.0, 3.0, 9.0)


@pytest.fixture(scope="module")
def problem():
    """Three labels from frequent to rare, each with a noisy feature."""
    rng = np.random.default_rng(0)
    truth = rng.random((600, 3)) < [0.5, 0.12, 0.04]
    features = truth * 1.0 + 0.6 * rng.normal(size=(600, 3))
    return csr_matrix(features.astype(np.float32)), csr_matrix(truth), np.arange(600) % 3


def f1(truth, chosen):
    return 2 * (truth & chosen).sum(0) / np.maximum(truth.sum(0) + chosen.sum(0), 1)


def search(problem, by_label, **options):
    features, truth, fold_of = problem
    return search_positive_costs(
        features,
        truth,
        SolverOptions(),
        fold_of,
        VALUES,
        by_label=by_label,
        seed=0,
        stages=options.pop("stages", Stages()),
    )


def tried(problem, value):
    """Label sets of all documents by classifiers that do not know them."""
    features, truth, fold_of = problem
    chosen = np.zeros(truth.shape, bool)
    for fold in range(3):
        own = fold_of == fold
        costs = np.full(3, value, np.float32)
        model = fit_one_vs_rest(features[~own], truth[~own], SolverOptions(), seed=0, positive_costs=costs)
        chosen[own] = model.margins(features[own]) > 0
    return chosen


def test_each_label_gets_the_cost_of_its_best_f1(problem):
    table = np.stack([f1(problem[1].toarray(), tried(problem, value)) for value in VALUES])
    found = search(problem, by_label=True)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.float32(VALUES)[table.argmax(axis=0)])
    assert len(set(found.tolist())) > 1


def test_one_cost_for_all_is_that_of_the_best_micro_f1(problem):
    truth = problem[1].toarray()
    values = [f1(truth.reshape(-1, 1), tried(problem, value).reshape(-1, 1))[0] for value in VALUES]
    np.testing.assert_array_equal(search(problem, by_label=False), np.full(3, VALUES[int(np.argmax(values))]))


def test_finished_trainings_are_kept(problem, tmp_path, monkeypatch):
    first = search(problem, True, stages=Stages.begin(tmp_path / "s", {}, resume=False))
    monkeypatch.setattr(positive_costs, "_tried", None)
    np.testing.assert_array_equal(first, search(problem, True, stages=Stages.begin(tmp_path / "s", {}, resume=True)))


def test_the_option_is_a_factor_on_every_label(problem):
    features, truth, _ = problem
    by_option = fit_one_vs_rest(features, truth, SolverOptions(positive_cost=5.0), seed=0)
    by_label = fit_one_vs_rest(features, truth, SolverOptions(), seed=0, positive_costs=np.full(3, 5, np.float32))
    for name, array in by_option.to_arrays().items():
        np.testing.assert_array_equal(array, by_label.to_arrays()[name])
    plain = fit_one_vs_rest(features, truth, SolverOptions(), seed=0)
    assert ((by_option.margins(features) > 0).sum(0) > (plain.margins(features) > 0).sum(0)).all()
