"""Learning curves are read from history lines as they are documented, and whatever else stands there is passed over."""

import json
import math

import pytest

from manylabel.core.run_directory import RunDirectory, write_run
from manylabel.runs.curves import read_curves

LINES = [
    {"stage": "read", "seconds": 1.0, "peak_memory_bytes": 1, "finished": "2025-01-01T00:00:00+00:00"},
    {"stage": "label-weights", "smallest": 1.0, "largest": 50.0},
    {
        "stage": "epoch",
        "epoch": 2,
        "learning_rate": 1e-4,
        "gradient_norm": 0.8,
        "train": {"loss": None, "largest-loss": 3.0, "micro-F1": 0.8},
        "validation": {"loss": 0.2, "micro-F1": 0.6, "P@1": 0.7},
        "validation_documents": 400,
    },
    {"stage": "epoch", "epoch": 1, "train": {"loss": 0.5}, "validation": {"micro-F1": 0.5, "note": "text"}},
    {"stage": "epoch", "epoch": 3},
]


def read(tmp_path, text):
    with write_run(tmp_path / "run") as writer:
        writer.text("history.jsonl", text)
    return read_curves(RunDirectory.open(tmp_path / "run"))


@pytest.fixture
def curves(tmp_path):
    return read(tmp_path, "".join(json.dumps(line) + "\n" for line in LINES))


def test_epochs_stand_in_order_and_missing_keys_are_missing(curves):
    assert [epoch.number for epoch in curves.epochs] == [1, 2, 3]
    assert curves.series("validation", "micro-F1") == [(1, 0.5), (2, 0.6)]
    assert curves.series("train", "micro-F1") == [(2, 0.8)]
    assert curves.epochs[1].learning_rate == 1e-4
    assert curves.epochs[2].train == {}
    assert (curves.label_weights, curves.validation_documents) == ((1.0, 50.0), 400)


def test_a_loss_that_was_not_finite_is_nan_and_no_metric(curves):
    (_, first), (_, second) = curves.series("train", "loss")
    assert first == 0.5
    assert math.isnan(second)
    assert curves.metrics("train") == ["micro-F1"]
    assert curves.metrics("validation") == ["micro-F1", "P@1"]


def test_the_leading_metric_follows_a_fixed_order(curves, tmp_path):
    assert curves.leading() == "micro-F1"
    other = read(tmp_path / "b", '{"stage": "epoch", "epoch": 1, "validation": {"mine": 0.1, "accuracy": 0.2}}\n')
    assert other.leading() == "accuracy"
    assert read(tmp_path / "c", '{"stage": "epoch", "epoch": 1, "validation": {"mine": 0.1}}\n').leading() == "mine"
    assert read(tmp_path / "d", '{"stage": "epoch", "epoch": 1}\n').leading() is None


@pytest.mark.parametrize("text", ["", '{"stage": "fit", "seconds": 1}\n', "half a li", '[1]\n{"stage": "epoch"}\n'])
def test_a_training_without_epochs_has_none(text, tmp_path):
    assert read(tmp_path, text) is None


def test_infinite_numbers_of_other_writers_are_read(tmp_path):
    found = read(tmp_path, '{"stage": "epoch", "epoch": 1, "train": {"loss": NaN}, "gradient_norm": Infinity}\n')
    assert math.isnan(found.series("train", "loss")[0][1])
    assert found.epochs[0].gradient_norm == math.inf
