"""Curves from scores to probabilities."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from manylabel.decide import CALIBRATORS
from manylabel.decide.calibration import Calibration, reliability_by_group
from manylabel.decide.calibrators import compress
from manylabel.decide.section import CalibrationConfig
from manylabel.metrics.reliability import reliability


def sample(n, slope, offset, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=n).astype(np.float32)
    truth = 1 / (1 + np.exp(-(slope * scores + offset)))
    return scores, rng.random(n) < truth, truth


@pytest.mark.parametrize("kind", list(CALIBRATORS))
def test_every_curve_recovers_what_made_the_outcomes(kind):
    scores, hits, _ = sample(200_000, 3.0, 0.0)
    curve = CALIBRATORS.load(kind)("margin").fit(scores, hits)
    fresh, _, truth = sample(5_000, 3.0, 0.0, seed=1)
    assert np.abs(curve(fresh) - truth).mean() < 0.01
    assert reliability(curve(scores), hits).ece < 0.01
    rising = curve(np.linspace(-4, 4, 200, dtype=np.float32))
    assert (np.diff(rising) >= 0).all()
    assert rising.dtype == np.float32
    again = CALIBRATORS.load(kind)("margin").restore(curve.to_array())
    assert again(fresh).tobytes() == curve(fresh).tobytes()


@pytest.mark.parametrize("kind", list(CALIBRATORS))
@pytest.mark.parametrize("hits", [[True] * 6, [False] * 6, [True, False] * 3])
def test_few_examples_give_finite_probabilities(kind, hits):
    scores = np.float32([-1, 0, 0.5, 1, 2, 3])
    curve = CALIBRATORS.load(kind)("margin").fit(scores, np.array(hits))
    values = curve(np.float32([-100, -1, 0, 1, 100]))
    assert np.isfinite(values).all()
    assert ((values >= 0) & (values <= 1)).all()


def test_platt_is_a_logistic_regression():
    scores, hits, _ = sample(50_000, 2.0, -1.5)
    curve = CALIBRATORS.load("platt")("margin").fit(scores, hits)
    reference = LogisticRegression(C=1e9, tol=1e-10).fit(scores[:, None].astype(np.float64), hits)
    assert -curve.a == pytest.approx(reference.coef_[0, 0], rel=5e-3)
    assert -curve.b == pytest.approx(reference.intercept_[0], rel=5e-3)


def test_probabilities_are_taken_by_their_logit():
    scores, hits, _ = sample(50_000, 1.0, 0.0)
    overconfident = (1 / (1 + np.exp(-4 * scores))).astype(np.float32)
    curve = CALIBRATORS.load("temperature")("probability").fit(overconfident, hits)
    assert curve.temperature == pytest.approx(4.0, rel=0.05)


def test_bins_hold_what_the_scores_hold():
    scores, hits, _ = sample(30_000, 2.0, -4.0)
    means, shares, counts = compress(scores, hits)
    assert len(means) < 4100
    assert (np.diff(means) > 0).all()
    assert counts.sum() == 30_000
    assert counts @ shares == pytest.approx(hits.sum())
    assert counts @ means.astype(np.float64) == pytest.approx(scores.sum(), rel=1e-3)
    exact = compress(np.float32([1, 1, 2]), np.array([True, False, True]))
    assert [part.tolist() for part in exact] == [[1, 2], [0.5, 1], [2, 1]]


def test_groups_have_curves_of_their_own(make_examples):
    examples = make_examples(4000, 30, kind="margin")
    topk = examples.topk
    # The scores of rare labels are shifted: one curve for all cannot serve them.
    rare = examples.groups[topk.indices] > 0
    shifted = topk.scores + np.where(rare, np.float32(3.0), np.float32(0.0))
    changed = examples.with_topk(type(topk)(topk.indices, shifted.astype(np.float32), "margin", topk.labels))
    errors = {}
    for by in ("all", "group"):
        calibration = Calibration.fit(CalibrationConfig(kind="platt", by=by), changed)
        probabilities = calibration(changed.topk)
        assert probabilities.kind == "probability"
        np.testing.assert_array_equal(probabilities.indices, topk.indices)
        errors[by] = reliability_by_group(changed.with_topk(probabilities))["all"].ece
        kept = Calibration.restore(calibration.config, calibration.to_arrays(), "margin", examples.cuts)
        assert kept(changed.topk).scores.tobytes() == probabilities.scores.tobytes()
    assert errors["group"] < 0.5 * errors["all"]
    assert set(calibration.curves) > {"all", "head"}


def test_other_scores_than_it_was_fitted_on_are_refused(make_examples):
    calibration = Calibration.fit(CalibrationConfig(kind="platt"), make_examples(200, 5, kind="margin"))
    with pytest.raises(ValueError, match="fitted on scores that are a margin"):
        calibration(make_examples(20, 5).topk)


@pytest.mark.parametrize(("kind", "array"), [("platt", [1.0, 0.0]), ("temperature", [-1.0]), ("platt", [np.nan, 0.0])])
def test_damaged_curves_are_refused(kind, array):
    with pytest.raises(ValueError, match="not a"):
        CALIBRATORS.load(kind)("margin").restore(np.array(array))
