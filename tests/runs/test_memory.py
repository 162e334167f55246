"""Documents and labels added to a finished run."""

import json

import numpy as np
import pytest

from manylabel.core.errors import ConfigError, InputError
from manylabel.models.base import load
from manylabel.runs.config import parse_config
from manylabel.runs.memory import add_to_memory
from manylabel.runs.train import train_run

WORDS = ["apple", "pear", "boat", "sail", "code", "byte", "wolf", "bear"]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A fused run over four labels with two words each."""
    folder = tmp_path_factory.mktemp("memory")
    rng = np.random.default_rng(0)
    rows = []
    for i in range(160):
        label = i % 4
        filler = rng.choice(["red", "blue", "green", "old", "new", "big"], 3)
        rows.append({"text": f"{WORDS[2 * label + i // 4 % 2]} {' '.join(filler)}", "labels": [f"l{label}"]})
    train = write(folder / "train.jsonl", rows)
    labels = write(folder / "labels.jsonl", [{"label": f"l{i}", "text": WORDS[2 * i]} for i in range(4)])
    config = {
        "data": {"train": str(train), "labels": str(labels)},
        "model": {"kind": "fused", "ablation": False, "folds": 2, "ranker": {"kind": "boosted", "leaf_candidates": 5}},
    }
    train_run(parse_config(config), folder / "run")
    return folder


@pytest.fixture
def run(finished, tmp_path):
    import shutil

    return shutil.copytree(finished / "run", tmp_path / "run")


def test_new_documents_and_labels_are_found_at_once(run, tmp_path):
    before = load(run)
    old_texts = ["apple red big", "sail blue", "wolf new old"]
    old = before.predict(old_texts, 4)
    more = write(tmp_path / "more.jsonl", [{"text": f"red byte comet {i}", "labels": ["comets"]} for i in range(3)])
    labels = write(tmp_path / "new.jsonl", [{"label": "comets", "text": "comet"}, {"label": "moons", "text": "byte"}])
    added = add_to_memory(run, more, labels=labels)
    assert (added.documents, added.labels) == (3, 2)
    after = load(run)
    names = list(after.labels.names)
    assert names == ["l0", "l1", "l2", "l3", "comets", "moons"]
    assert after.labels.counts.tolist()[4:] == [0, 0]
    found = after.predict(["red byte comet"], 6)
    assert "comets" in after.labels.names_of(found.indices[0][found.indices[0] >= 0])
    # What shares no word with the additions scores as before, to the last bit.
    again = after.predict(old_texts[1:], 4)
    assert again.indices.tobytes() == old.indices[1:].tobytes()
    assert again.scores.tobytes() == old.scores[1:].tobytes()
    manifest = json.loads((run / "manifest.json").read_text())
    assert [entry["labels"] for entry in manifest["info"]["added"]] == [2]
    assert manifest["info"]["added"][0]["data"]["documents"] == 3


def test_adding_twice(run, tmp_path):
    for i in range(2):
        more = write(tmp_path / f"more{i}.jsonl", [{"text": f"comet {i}", "labels": ["l0"]}])
        add_to_memory(run, more)
    manifest = json.loads((run / "manifest.json").read_text())
    assert len(manifest["info"]["added"]) == 2
    load(run)


@pytest.mark.parametrize(
    ("labels", "documents", "message"),
    [
        (None, [{"text": "a comet", "labels": ["comets"]}], "comets"),
        ([{"label": "l1", "text": "again"}], [{"text": "a", "labels": ["l1"]}], "'l1' is there already"),
        (None, [], "no documents|empty"),
    ],
)
def test_wrong_additions_leave_the_run_as_it_was(run, tmp_path, labels, documents, message):
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    more = write(tmp_path / "more.jsonl", documents)
    file = None if labels is None else write(tmp_path / "new.jsonl", labels)
    with pytest.raises(InputError, match=message):
        add_to_memory(run, more, labels=file)
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before


def test_a_model_without_memory(tmp_path, finished):
    config = {"data": {"train": str(finished / "train.jsonl")}, "model": "linear-tree"}
    train_run(parse_config(config), tmp_path / "run")
    with pytest.raises(ConfigError, match="no memory"):
        add_to_memory(tmp_path / "run", finished / "train.jsonl")
