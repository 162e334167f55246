"""Labels added to a finished run, and taken out of it."""

import json
import shutil

import numpy as np
import pytest

from manylabel.core.errors import ConfigError, InputError
from manylabel.models.base import load
from manylabel.runs.config import parse_config
from manylabel.runs.decide import Choice, decide_run
from manylabel.runs.evaluate import open_run
from manylabel.runs.labels import add_labels, remove_labels
from manylabel.runs.memory import add_to_memory
from manylabel.runs.train import train_run

WORDS = ["apple", "pear", "boat", "sail", "code", "byte", "wolf", "bear"]
ENCODER = {"kind": "bag", "embeddings": {"width": 24, "dropout": 0.0}, "min_count": 1}
TEXTS = ["apple red big", "sail blue", "wolf new old", "byte"]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    rng = np.random.default_rng(0)
    rows = []
    for i in range(160):
        label = i % 4
        filler = rng.choice(["red", "blue", "green", "old", "new", "big"], 2)
        rows.append({"text": f"{WORDS[2 * label + i // 4 % 2]} {' '.join(filler)}", "labels": [f"l{label}"]})
    write(folder / "train.jsonl", rows)
    write(folder / "labels.jsonl", [{"label": f"l{i}", "text": WORDS[2 * i]} for i in range(4)])
    return folder


def trained(data, name, **model):
    config = {
        "data": {"train": str(data / "train.jsonl"), "labels": str(data / "labels.jsonl")},
        "model": {
            "kind": "dual-encoder",
            "encoder": ENCODER,
            "train": {"epochs": 8, "batch_size": 32, "learning_rate": 0.03},
            **model,
        },
    }
    train_run(parse_config(config), data / name)
    return data / name


@pytest.fixture(scope="module", params=["plain", "memory"])
def finished(data, request):
    return trained(data, request.param, memory={"weight": 0.5} if request.param == "memory" else None)


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def test_a_new_label_is_predicted_at_once_and_old_scores_stay(run, tmp_path):
    old = load(run).predict(TEXTS, 4).to_csr().toarray()
    new = write(tmp_path / "new.jsonl", [{"label": "bytes", "text": "byte"}, {"label": "sails", "text": "sail"}])
    added = add_labels(run, new)
    assert list(added.names) == ["bytes", "sails"]
    after = load(run)
    assert list(after.labels.names) == ["l0", "l1", "l2", "l3", "bytes", "sails"]
    assert after.labels.counts.tolist()[4:] == [0, 0]
    np.testing.assert_array_equal(after.predict(TEXTS, 6).to_csr().toarray()[:, :4], old)
    assert "bytes" in after.labels.names_of(after.predict(["byte"], 2).indices[0])
    changes = json.loads((run / "manifest.json").read_text())["info"]["label_changes"]
    assert [change["added"] for change in changes] == [["bytes", "sails"]]


def test_a_removed_label_is_gone_and_old_scores_stay(run):
    old = load(run).predict(TEXTS, 4).to_csr().toarray()
    assert remove_labels(run, ["l1", "l1"]) == 3
    after = load(run)
    assert list(after.labels.names) == ["l0", "l2", "l3"]
    np.testing.assert_array_equal(after.predict(TEXTS, 3).to_csr().toarray(), old[:, [0, 2, 3]])
    changes = json.loads((run / "manifest.json").read_text())["info"]["label_changes"]
    assert changes[0]["removed"] == ["l1"]


def test_what_was_added_can_be_removed_and_added_again(run, tmp_path):
    new = write(tmp_path / "new.jsonl", [{"label": "bytes", "text": "byte"}])
    before = load(run).predict(TEXTS, 4)
    add_labels(run, new)
    with_it = load(run).predict(TEXTS, 5)
    remove_labels(run, ["bytes"])
    again = load(run).predict(TEXTS, 4)
    assert again.scores.tobytes() == before.scores.tobytes()
    add_labels(run, new)
    assert load(run).predict(TEXTS, 5).scores.tobytes() == with_it.scores.tobytes()
    assert len(json.loads((run / "manifest.json").read_text())["info"]["label_changes"]) == 3


def test_thresholds_of_single_labels_go_with_their_labels(run, data):
    decide_run(run, data / "train.jsonl", choice=Choice("per-label"), k=4)
    before = open_run(run).decision.method.thresholds.copy()
    assert len(before) == 4
    remove_labels(run, ["l0"])
    np.testing.assert_array_equal(open_run(run).decision.method.thresholds, before[1:])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"label": "l1", "text": "again"}], "'l1' is there already"),
        ([], r"no label|empty|holds no"),
    ],
)
def test_wrong_additions_leave_the_run_as_it_was(run, tmp_path, rows, message):
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}
    with pytest.raises(InputError, match=message):
        add_labels(run, write(tmp_path / "new.jsonl", rows))
    assert {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()} == before


@pytest.mark.parametrize(
    ("names", "message"),
    [(["l9"], "has no label 'l9'"), ([], "no label to remove"), (["l0", "l1", "l2", "l3"], "none would be left")],
)
def test_wrong_removals_leave_the_run_as_it_was(run, names, message):
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}
    with pytest.raises(InputError, match=message):
        remove_labels(run, names)
    assert {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()} == before


def test_a_model_that_has_to_be_trained_for_labels_says_so(data, tmp_path):
    config = {"data": {"train": str(data / "train.jsonl")}, "model": {"kind": "linear-tree"}}
    train_run(parse_config(config), tmp_path / "tree")
    new = write(tmp_path / "new.jsonl", [{"label": "x", "text": "y"}])
    with pytest.raises(ConfigError, match="a run of linear-tree cannot take or lose labels without training"):
        add_labels(tmp_path / "tree", new)
    with pytest.raises(ConfigError, match="has no memory"):
        add_to_memory(tmp_path / "tree", data / "train.jsonl")
