"""Lists of labels: the best, the worst and those never predicted, and sentences about them."""

import numpy as np

from manylabel.core.labels import LabelSpace
from manylabel.metrics.label_table import LabelTable
from manylabel.report.run.label_lists import list_labels
from manylabel.report.run.sentences import headline, label_sentences

#                     good fair bad small gone new gone2 absent
TRAINING = np.array([100, 50, 20, 9, 8, 0, 4, 30])
TP = np.array([10, 5, 1, 1, 0, 0, 0, 0])
FP = np.array([0, 5, 9, 0, 0, 0, 0, 0])
FN = np.array([0, 5, 9, 0, 7, 6, 9, 0])
NAMES = ["good", "fair", "bad", "small", "gone", "new", "gone2", "absent"]
TABLE = LabelTable(LabelSpace(NAMES, texts=["Good one", *NAMES[1:]]), TRAINING, TP, FP, FN)


def names(lines):
    return [line.name for line in lines]


def test_labels_stand_in_their_list():
    lists = list_labels(TABLE)
    assert names(lists.best) == ["Good one (good)", "fair"]
    assert names(lists.worst) == ["bad"]
    assert names(lists.never) == ["gone2", "gone", "new"]
    assert (lists.never_count, lists.never_untrained, lists.never_training) == (3, 1, 6.0)
    assert (lists.in_test, lists.enough) == (7, 3)
    assert lists.worst[0].predicted == 10
    assert lists.worst[0].support == 10


def test_lists_are_no_longer_than_asked():
    lists = list_labels(TABLE, most=1)
    assert [len(part) for part in (lists.best, lists.worst, lists.never)] == [1, 1, 1]
    assert names(lists.worst) == ["bad"]
    assert lists.never_count == 3


def test_sentences_say_what_the_table_says():
    first, second = label_sentences(TABLE, list_labels(TABLE))
    assert "predicts, 55 are right" in first  # 17 of 31
    assert "it finds 32." in first  # 17 of 53
    assert second.startswith("3 of the 7 labels in the test part are never predicted: 1 of them had no training")
    assert "half of the others had at most 6" in second


def test_a_run_that_finds_everything_has_no_complaint():
    table = LabelTable(LabelSpace(["a"]), np.array([5]), np.array([5]), np.array([0]), np.array([0]))
    assert label_sentences(table, list_labels(table)) == [
        "Of every 100 labels it predicts, 100 are right; of every 100 labels that documents have, it finds 100."
    ]


def test_headline():
    metrics = {
        "P@1": 0.808,
        "documents": 3,
        "intervals": {"P@1": [0.79, 0.82]},
        "confidence": 0.95,
        "cuts": [10, 100],
        "groups": {"head": {"micro-F1": 0.61}, "torso": {"micro-F1": 0.3}, "tail": {"micro-F1": None}},
    }
    first, second = headline(metrics)
    assert "right for 81 documents in 100 (95 % interval 79.0 to 82.0)" in first
    assert "61 %" in second
    assert "(10-99) 30 %" in second
    assert headline({}) == []
