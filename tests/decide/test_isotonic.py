"""Probabilities from scores."""

import numpy as np
import pytest

from manylabel.decide.isotonic import IsotonicCurve
from manylabel.metrics.reliability import reliability


def test_the_curve_is_right_and_keeps_the_order():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=20_000).astype(np.float32)
    right = rng.random(20_000) < 1 / (1 + np.exp(-2 * scores))
    curve = IsotonicCurve.fit(scores, right)
    fresh = rng.normal(size=20_000).astype(np.float32)
    truth = 1 / (1 + np.exp(-2 * fresh))
    assert np.abs(curve(fresh) - truth).max() < 0.1
    assert reliability(curve(fresh), rng.random(20_000) < truth).ece < 0.02
    grid = np.linspace(-6, 6, 300, dtype=np.float32)
    assert (np.diff(curve(grid)) >= 0).all()
    assert 0 <= curve(np.float32([-1e9]))[0] < curve(grid)[0]
    assert curve(grid)[-1] < curve(np.float32([1e9]))[0] <= 1
    beyond = np.linspace(2 * scores.min(), 2 * scores.max(), 50, dtype=np.float32)
    assert (np.diff(curve(beyond)) > 0).all()
    again = IsotonicCurve.from_arrays(curve.to_arrays())
    assert again(grid).tobytes() == curve(grid).tobytes()


def test_one_score_or_one_kind_of_truth():
    for scores, right in (
        (np.ones(5), [True] * 5),
        (np.ones(5), [True, False] * 2 + [True]),
        (np.arange(5), [False] * 5),
    ):
        curve = IsotonicCurve.fit(np.asarray(scores, np.float32), np.array(right))
        np.testing.assert_allclose(curve(np.asarray(scores, np.float32)), np.mean(right), atol=1e-3)


def test_a_falling_curve_is_refused():
    with pytest.raises(ValueError, match="rising"):
        IsotonicCurve.from_arrays({"scores": np.array([1.0, 0.0]), "shares": np.array([0.0, 1.0])})
