"""The solver against LIBLINEAR, and against what must hold of any solution."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import LOSSES, Problem, documents
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

both_losses = pytest.mark.parametrize("loss", LOSSES)
FEATURES, POSITIVES = documents()


def liblinear(problem):
    """Weights [d, k] and biases [k] of LIBLINEAR's dual solvers at a much smaller tolerance."""
    weights, biases = [], []
    costs = problem.costs
    for label in range(problem.positives.shape[1]):
        options = {"C": 1.0, "tol": 1e-9, "max_iter": 1_000_000, "fit_intercept": problem.bias > 0}
        if problem.bias > 0:
            options["intercept_scaling"] = problem.bias
        if problem.loss == "squared-hinge":
            reference = LinearSVC(loss="squared_hinge", dual=True, **options)
        else:
            reference = LogisticRegression(solver="liblinear", dual=True, **options)
        target = problem.signs[:, label]
        reference.fit(problem.features.astype(np.float64), target, sample_weight=costs[:, label])
        weights.append(reference.coef_[0])
        # LIBLINEAR reports the bias times the constant feature's value.
        biases.append(float(np.ravel(reference.intercept_)[0]) / (problem.bias or 1.0))
    return np.array(weights).T, np.array(biases)


def assert_like_liblinear(problem):
    ours = problem.solve()
    weights, biases = liblinear(problem)
    assert np.abs(ours.weights - weights).max() <= 1e-3
    assert np.abs(ours.biases - biases).max() <= 1e-3
    best = problem.objective(weights, biases)
    gap = (problem.objective(ours.weights, ours.biases) - best) / best
    assert gap.max() <= 1e-4
    return ours, weights, biases


def best_five(margins):
    return [set(row) for row in np.argsort(-margins, axis=1, kind="stable")[:, :5].tolist()]


@both_losses
@pytest.mark.parametrize("cost", [0.1, 1.0, 10.0])
def test_equals_liblinear(loss, cost):
    problem = Problem(FEATURES, POSITIVES, loss, row_costs=cost)
    ours, weights, biases = assert_like_liblinear(problem)
    found, expected = best_five(problem.margins(ours.weights, ours.biases)), best_five(problem.margins(weights, biases))
    assert np.mean([one == other for one, other in zip(found, expected, strict=True)]) >= 0.999


@both_losses
@pytest.mark.parametrize("bias", [0.0, 0.5, 3.0])
def test_equals_liblinear_with_any_bias(loss, bias):
    ours, _, _ = assert_like_liblinear(Problem(FEATURES, POSITIVES[:, :4], loss, bias=bias))
    assert (ours.biases == 0).all() == (bias == 0)


@both_losses
def test_equals_liblinear_with_a_cost_for_everything(loss):
    rng = np.random.default_rng(3)
    problem = Problem(
        FEATURES,
        POSITIVES[:, :6],
        loss,
        row_costs=rng.uniform(0.2, 3, FEATURES.shape[0]),
        positive_costs=rng.uniform(0.5, 4, 6),
        negative_costs=rng.uniform(0.1, 1, 6),
        positive_weights=rng.uniform(0.3, 1, POSITIVES[:, :6].nnz),
    )
    assert_like_liblinear(problem)


@both_losses
def test_each_cost_matters(loss):
    plain = Problem(FEATURES, POSITIVES[:, :3], loss).solve().weights
    for changed in ("row_costs", "positive_costs", "negative_costs", "positive_weights"):
        weights = Problem(FEATURES, POSITIVES[:, :3], loss, **{changed: 2.0}).solve().weights
        assert np.abs(weights - plain).max() > 0.01


@both_losses
def test_a_weight_of_two_is_a_row_given_twice(loss):
    times = np.random.default_rng(5).integers(1, 4, FEATURES.shape[0])
    repeated = np.repeat(np.arange(FEATURES.shape[0]), times)
    weighted = Problem(FEATURES, POSITIVES[:, :5], loss, row_costs=times).solve()
    plain = Problem(FEATURES[repeated], POSITIVES[repeated, :5], loss).solve()
    np.testing.assert_allclose(weighted.weights, plain.weights, atol=1e-3)
    np.testing.assert_allclose(weighted.biases, plain.biases, atol=1e-3)


@both_losses
def test_a_weight_of_zero_is_a_row_left_out(loss):
    kept = np.random.default_rng(6).random(FEATURES.shape[0]) < 0.7
    weighted = Problem(FEATURES, POSITIVES[:, :5], loss, row_costs=kept).solve()
    plain = Problem(FEATURES[kept], POSITIVES[kept, :5], loss).solve()
    np.testing.assert_allclose(weighted.weights, plain.weights, atol=1e-3)
    assert (weighted.duals[~kept] == 0).all()
    nothing = Problem(FEATURES, POSITIVES[:, :5], loss, row_costs=0.0).solve()
    assert (nothing.weights == 0).all()


@both_losses
def test_weights_are_the_sum_of_the_duals(loss):
    problem = Problem(FEATURES, POSITIVES, loss, row_costs=5.0)
    solved = problem.solve()
    signed = solved.duals * problem.signs
    np.testing.assert_allclose(problem.features.T @ signed, solved.weights, atol=1e-4)
    np.testing.assert_allclose(problem.bias * signed.sum(axis=0), solved.biases, atol=1e-4)


@both_losses
def test_a_warm_start_is_where_it_ended(loss):
    problem = Problem(FEATURES, POSITIVES, loss)
    cold = problem.solve()
    assert cold.passes.min() > 3
    warm = replace(problem, initial_duals=cold.duals, seed=9, tolerance=1e-3).solve()
    assert warm.passes.tolist() == [1] * POSITIVES.shape[1]
    np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-3)
    np.testing.assert_allclose(warm.biases, cold.biases, atol=1e-3)


@both_losses
def test_a_warm_start_from_elsewhere_ends_at_the_same_place(loss):
    other = Problem(FEATURES, POSITIVES, loss, row_costs=0.5).solve()
    problem = Problem(FEATURES, POSITIVES, loss)
    np.testing.assert_allclose(
        replace(problem, initial_duals=other.duals).solve().weights, problem.solve().weights, atol=1e-3
    )


@both_losses
def test_the_same_seed_gives_the_same_bits_and_another_does_not(loss):
    problem = Problem(FEATURES, POSITIVES, loss, tolerance=0.1, max_iterations=20)
    one, two, other = problem.solve(), problem.solve(), replace(problem, seed=1).solve()
    for name in ("weights", "duals", "biases", "passes"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert one.weights.tobytes() != other.weights.tobytes()
    np.testing.assert_allclose(
        replace(problem, tolerance=1e-4, max_iterations=1000).solve().weights,
        replace(problem, tolerance=1e-4, max_iterations=1000, seed=1).solve().weights,
        atol=1e-3,
    )


@both_losses
def test_a_classifier_does_not_depend_on_its_company(loss):
    together = Problem(FEATURES, POSITIVES, loss).solve()
    for columns in ([0], [7], [19, 3], list(range(10, 20))):
        apart = Problem(FEATURES, csr_matrix(POSITIVES[:, columns]), loss).solve()
        np.testing.assert_allclose(apart.weights, together.weights[:, columns], atol=1e-3)
        np.testing.assert_allclose(apart.biases, together.biases[columns], atol=1e-3)


@both_losses
def test_passes_are_counted_and_bounded(loss):
    assert Problem(FEATURES, POSITIVES, loss, max_iterations=3).solve().passes.tolist() == [3] * 20
    loose = Problem(FEATURES, POSITIVES, loss, tolerance=1.0).solve()
    tight = Problem(FEATURES, POSITIVES, loss).solve()
    assert (loose.passes < tight.passes).all()


@pytest.mark.parametrize("cost", [1e3, 1e4])
def test_logistic_regression_converges_where_almost_nothing_is_left_to_learn(cost):
    """Margins beyond 16 ask for dual variables that no sum with the cost can hold."""
    problem = Problem(FEATURES, POSITIVES[:, :4], "logistic", row_costs=cost)
    ours = problem.solve()
    assert (problem.signs * problem.margins(ours.weights, ours.biases)).max() > 16
    assert ours.passes.max() < 1000
    weights, biases = liblinear(problem)
    best = problem.objective(weights, biases)
    assert ((problem.objective(ours.weights, ours.biases) - best) / best).max() <= 1e-4


@both_losses
def test_rows_that_differ_in_their_labels_only(loss):
    """Nothing separates them: the margin is that of the majority."""
    features = csr_matrix(np.ones((10, 1), np.float32))
    positives = csr_matrix(np.array([[1, 0]] * 8 + [[0, 1]] * 2, dtype=bool))
    problem = Problem(features, positives, loss, bias=0.0, row_costs=100.0)
    weights, _ = liblinear(problem)
    solved = problem.solve()
    np.testing.assert_allclose(solved.weights, weights, atol=1e-3)
    assert solved.weights[0, 0] > 0 > solved.weights[0, 1]


@both_losses
def test_degenerate_problems(loss):
    nothing = csr_matrix((5, 3), dtype=np.float32)
    some = csr_matrix(np.array([[1, 0], [0, 0], [1, 1], [0, 1], [1, 0]], dtype=bool))
    solved = Problem(nothing, some, loss, bias=0.0).solve()
    assert (solved.weights == 0).all()
    with_bias = Problem(nothing, some, loss, bias=1.0)
    np.testing.assert_allclose(with_bias.solve().biases, liblinear(with_bias)[1], atol=1e-3)
    assert Problem(csr_matrix((3, 0), dtype=np.float32), some[:3], loss).solve().weights.shape == (0, 2)
    assert Problem(csr_matrix((0, 3), dtype=np.float32), some[:0], loss).solve().weights.tolist() == [[0, 0]] * 3


@st.composite
def small_problems(draw):
    n, d, k = draw(st.integers(1, 8)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    features = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.6)
    return Problem(
        csr_matrix(features, dtype=np.float32),
        csr_matrix(rng.random((n, k)) < draw(st.sampled_from([0.1, 0.5, 0.9]))),
        draw(st.sampled_from(list(LOSSES))),
        row_costs=rng.choice([0.0, 0.3, 1.0, 4.0], n),
        positive_costs=rng.uniform(0.2, 3, k),
        negative_costs=rng.uniform(0.2, 3, k),
        bias=draw(st.sampled_from([0.0, 1.0, 2.0])),
    )


@settings(max_examples=150)
@given(small_problems())
def test_any_small_problem_is_solved(problem):
    """Duals in their range, weights their sum, and no gap between primal and dual."""
    solved = problem.solve()
    costs = problem.costs
    assert (solved.duals >= 0).all()
    assert (solved.duals[costs == 0] == 0).all()
    signed = solved.duals.astype(np.float64) * problem.signs
    np.testing.assert_allclose(problem.features.T @ signed, solved.weights, atol=1e-4)
    np.testing.assert_allclose(problem.bias * signed.sum(axis=0), solved.biases, atol=1e-4)
    norms = 0.5 * (solved.weights.astype(np.float64) ** 2).sum(axis=0) + 0.5 * solved.biases.astype(np.float64) ** 2
    used = costs > 0
    safe = np.where(used, costs, 1.0)
    if problem.loss == "squared-hinge":
        conjugate = np.where(used, solved.duals - solved.duals.astype(np.float64) ** 2 / (4 * safe), 0)
    else:
        assert (solved.duals <= costs * (1 + 1e-6)).all()
        share = np.clip(solved.duals / safe, 1e-300, 1 - 1e-12)
        conjugate = np.where(used, -safe * (share * np.log(share) + (1 - share) * np.log1p(-share)), 0)
    dual = conjugate.sum(axis=0) - norms
    primal = problem.objective(solved.weights, solved.biases)
    np.testing.assert_allclose(primal, dual, rtol=1e-3, atol=1e-3)
