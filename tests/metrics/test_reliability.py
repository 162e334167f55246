"""Reliability of probabilities."""

import numpy as np
import pytest

from manylabel.metrics.reliability import reliability


def test_expected_calibration_error():
    assert reliability(np.array([0.9, 0.9, 0.1]), np.array([True, True, False])).ece == pytest.approx(0.1)
    assert reliability(np.array([1.0, 0.0]), np.array([True, False])).ece == 0
    assert reliability(np.array([1.0, 1.0]), np.array([False, False])).ece == 1
    assert reliability(np.zeros(0), np.zeros(0, bool)).ece == 0


def test_bins_hold_what_lies_in_them():
    found = reliability(np.array([[0.05, 0.15], [0.12, 1.0]]), np.array([[False, True], [False, True]]), bins=10)
    assert found.counts.tolist() == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.shares[1] == 0.5
    assert found.means[1] == pytest.approx(0.135)
    assert found.mce == pytest.approx(0.365)
    assert found.to_dict()["means"][5] is None


@pytest.mark.parametrize("scores", [[-0.1], [1.1], [np.nan]])
def test_scores_that_are_no_probabilities_are_refused(scores):
    with pytest.raises(ValueError, match="no probabilities"):
        reliability(np.array(scores), np.array([True]))


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="2 scores for 1"):
        reliability(np.zeros(2), np.zeros(1, bool))
