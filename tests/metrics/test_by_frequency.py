"""Labels by number of training documents: the same as by hand, and paired for two runs."""

import numpy as np
import pytest

from manylabel.core.labels import LabelSpace
from manylabel.metrics.by_frequency import bar, by_frequency, differences_by_frequency, frequency_table, name_of
from manylabel.metrics.label_table import LabelTable

#            label: a  b  c  d  e   f  g
TRAINING = np.array([0, 1, 3, 4, 12, 1500, 3])
TP = np.array([0, 1, 0, 2, 3, 90, 0])
FP = np.array([0, 0, 0, 2, 1, 10, 5])
FN = np.array([2, 1, 3, 0, 1, 10, 0])
TABLE = LabelTable(LabelSpace(list("abcdefg")), TRAINING, TP, FP, FN)


def test_bins_are_as_by_hand():
    bins = by_frequency(TABLE)
    assert [one.name for one in bins] == ["0", "1", "2-4", "10-19", "1,000-1,999"]
    assert [one.labels for one in bins] == [1, 1, 2, 1, 1]  # g is not in the test part
    assert [one.positives for one in bins] == [2, 2, 5, 4, 100]
    assert [one.never for one in bins] == [1, 0, 1, 0, 0]
    assert [one.values["recall"] for one in bins] == [0.0, 0.5, 0.5, 0.75, 0.9]
    assert bins[2].values["precision"] == (0 + 0.5) / 2
    assert bins[2].values["F1"] == pytest.approx((0 + 4 / 6) / 2)
    assert set(bins[2].intervals) == {"precision", "recall", "F1"}
    assert bins[0].intervals == {}
    assert bins[2].to_dict()["values"]["recall"] == 0.5


def test_intervals_hold_the_mean_and_shrink_with_more_labels():
    chance = np.random.default_rng(0)
    widths = []
    for labels in (20, 2000):
        tp = chance.integers(0, 10, labels)
        table = LabelTable(
            LabelSpace([str(i) for i in range(labels)]), np.full(labels, 7), tp, np.zeros(labels, int), 10 - tp
        )
        (one,) = by_frequency(table)
        low, high = one.intervals["recall"]
        assert low < one.values["recall"] < high
        assert one.values["recall"] == pytest.approx(tp.mean() / 10)
        deviation = (tp / 10).std() / labels**0.5
        assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.15)
        widths.append(high - low)
    assert widths[1] < widths[0] / 5


def test_unknown_training_counts_make_no_bins():
    unknown = LabelTable(TABLE.labels, None, TP, FP, FN)
    assert by_frequency(unknown) == []
    assert differences_by_frequency(unknown, unknown, confidence=0.9, n_resamples=10, seed=0) == ()


def test_differences_are_paired_by_label_in_any_order():
    order = np.array([6, 2, 1, 0, 5, 4, 3])
    better = TP + FN  # finds everything that there is
    other = LabelTable(
        LabelSpace([TABLE.labels.names[i] for i in order]), TRAINING[order], better[order], FP[order], 0 * FN
    )
    bins = differences_by_frequency(TABLE, other, confidence=0.95, n_resamples=200, seed=0)
    assert [one.a for one in bins] == [one.values["F1"] for one in by_frequency(TABLE)]
    assert [one.name for one in bins] == ["0", "1", "2-4", "10-19", "1,000-1,999"]
    assert [round(one.b, 4) for one in bins] == [
        1.0,
        1.0,
        round((1 + 2 / 3) / 2, 4),
        round(8 / 9, 4),
        round(200 / 210, 4),
    ]
    assert bins[0].interval is None
    low, high = bins[2].interval
    assert low <= bins[2].b - bins[2].a <= high
    (same,) = {one.b - one.a for one in differences_by_frequency(TABLE, TABLE, confidence=0.9, n_resamples=9, seed=0)}
    assert same == 0


def test_the_table_has_a_bar_for_each_run():
    bins = differences_by_frequency(TABLE, TABLE, confidence=0.95, n_resamples=50, seed=0)
    lines = frequency_table(bins, ("one", "two")).splitlines()
    assert len(lines) == 2 + 2 * len(bins)
    assert lines[0].split() == ["training", "documents", "labels", "one", "two", "difference", "interval"]
    assert lines[-1].count("█") == 24  # the longest
    assert lines[2].endswith("│")
    assert [bar(share, 2) for share in (0.0, 0.5, 0.5625, 1.0)] == ["", "█", "█▏", "██"]
    assert name_of(1000, 1999) == "1,000-1,999"
