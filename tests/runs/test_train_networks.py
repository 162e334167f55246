"""Runs of networks: learning curves, validation documents, interruption, and what the other commands make of them."""

import json
import os
import socket
import subprocess
import sys

import pytest

from encoder_cases import needs_transformers
from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError, ManylabelError, RunError
from manylabel.core.siblings import unfinished_path
from manylabel.models.base import load
from manylabel.runs.curves import read_curves
from manylabel.runs.decide import Choice, decide_run
from manylabel.runs.evaluate import open_run
from manylabel.runs.train import train_run

NETWORK = {
    "kind": "network",
    "encoder": {"kind": "bag", "embeddings": {"width": 16}},
    "head": "linear",
    "loss": {"kind": "weighted-bce", "cap": 5},
    "train": {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, "train_metrics_documents": 100},
}


class Notes:
    """Notes what is said, and presses Ctrl-C at an epoch."""

    def __init__(self, at=None):
        self.at, self.said = at, []

    def task(self, description, total):
        from contextlib import nullcontext

        if self.at is not None and description == self.at:
            raise KeyboardInterrupt
        return nullcontext(lambda units: None)

    def note(self, message):
        self.said.append(message)


@pytest.fixture(scope="module")
def network_run(tmp_path_factory, config_of):
    return train_run(config_of(model=NETWORK), tmp_path_factory.mktemp("networks") / "run")


def test_the_history_has_the_epochs(network_run, records):
    from manylabel.core.run_directory import RunDirectory

    curves = read_curves(RunDirectory.open(network_run.path))
    assert [epoch.number for epoch in curves.epochs] == [1, 2, 3]
    assert curves.validation_documents == pytest.approx(0.1 * 480, abs=15)
    assert curves.label_weights[1] == 5.0
    assert curves.leading() == "micro-F1"
    assert len(curves.series("train", "loss")) == len(curves.series("validation", "loss")) == 3
    losses = [value for _, value in curves.series("train", "loss")]
    assert losses[-1] < losses[0]
    assert all(epoch.learning_rate > 0 and epoch.gradient_norm > 0 for epoch in curves.epochs)


def test_what_a_run_holds(network_run):
    files = {file.name for file in network_run.path.iterdir()}
    assert {"network.safetensors", "encoder-words.safetensors", "encoder-sizes.json", "config.yaml"} <= files
    assert not (network_run.path.parent / "run.unfinished").exists()


def test_the_config_of_a_run_trains_the_same_again(network_run, data, tmp_path):
    from manylabel.runs.config import read_config

    again = train_run(read_config(network_run.path / "config.yaml"), tmp_path / "again")
    for name in ("network.safetensors", "encoder-words.safetensors"):
        assert (again.path / name).read_bytes() == (network_run.path / name).read_bytes()


@pytest.mark.parametrize("at", ["epoch 1", "epoch 2", "epoch 3"])
def test_an_interrupted_run_goes_on_and_tells_every_epoch_once(at, network_run, config_of, tmp_path, records):
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_run(config_of(model=NETWORK), path, progress=Notes(at))
    train_run(config_of(model=NETWORK), path, resume=True)
    assert (path / "network.safetensors").read_bytes() == (network_run.path / "network.safetensors").read_bytes()
    epochs = [
        [line for line in records(p / "history.jsonl") if line["stage"] == "epoch"] for p in (path, network_run.path)
    ]
    assert epochs[0] == epochs[1]


@needs_transformers
@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"encoder": {"kind": "transformer", "model": "./missing"}}, "no such folder"),
        ({"initial_labels": "label-text"}, "needs labels with texts"),
    ],
)
def test_a_mistake_that_ends_a_training_before_anything_was_kept_leaves_nothing(config_of, tmp_path, mistake, message):
    path = tmp_path / "run"
    with pytest.raises(InputError, match=message):
        train_run(config_of(model={**NETWORK, **mistake}), path)
    assert not unfinished_path(path).exists()
    assert train_run(config_of(model=NETWORK), path).path == path


def test_a_mistake_after_a_finished_stage_leaves_what_was_kept(config_of, tmp_path):
    path = tmp_path / "run"
    later = {"kind": "masked-language", "texts": [str(tmp_path / "missing.txt")]}
    config = config_of(model={**NETWORK, "stages": ["whole", later]})
    for resume in (False, True):
        with pytest.raises(ManylabelError):
            train_run(config, path, resume=resume)
        assert (unfinished_path(path) / "whole.done").is_file()
    with pytest.raises(RunError, match="pass --resume to continue it or --overwrite"):
        train_run(config_of(model=NETWORK), path)


def test_validation_documents_of_their_own(data, config_of, tmp_path, records):
    config = config_of(model=NETWORK, data={"validation": str(data / "test.jsonl")})
    done = train_run(config, tmp_path / "run")
    line = next(line for line in records(done.path / "history.jsonl") if line["stage"] == "epoch")
    assert line["validation_documents"] == len(Corpus.read(data / "test.jsonl"))
    assert done.info["data"]["validation"]["documents"] == line["validation_documents"]
    with pytest.raises(ConfigError, match=r"data\.validation: linear-tree is not trained in epochs"):
        train_run(config_of(data={"validation": str(data / "test.jsonl")}), tmp_path / "tree")


def test_a_resume_with_other_validation_documents_is_refused(data, config_of, tmp_path):
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_run(config_of(model=NETWORK), path, progress=Notes("epoch 2"))
    other = config_of(model=NETWORK, data={"validation": str(data / "test.jsonl")})
    with pytest.raises(RunError, match="another configuration or other data"):
        train_run(other, path, resume=True)


def test_a_network_is_a_source_of_a_fused_model_whose_history_has_no_epochs_of_its_own(config_of, tmp_path, data):
    from manylabel.core.run_directory import RunDirectory

    ranker = {"kind": "boosted", "leaf_candidates": 10, "rounds": 10}
    sources = dict.fromkeys(("memory", "label-text", "phrases", "neighbours"))
    sources["network"] = {"kind": "model", "model": NETWORK}
    model = {"kind": "fused", "folds": 2, "ablation": False, "ranker": ranker, "sources": sources}
    done = train_run(config_of(model=model), tmp_path / "fused")
    texts = Corpus.read(data / "test.jsonl").texts
    topk = load(done.path).predict(texts, 5)
    assert topk.scores.tobytes() == done.model.predict(texts, 5).scores.tobytes()
    run = RunDirectory.open(done.path)
    parts = {json.loads(line).get("part") for line in run.read_text("history.jsonl").splitlines()}
    assert len(parts - {None}) == 3  # two folds, and the one that is kept
    assert read_curves(run) is None


def test_a_decision_is_fitted_from_fold_networks(network_run, config_of, tmp_path):
    done = train_run(config_of(model=NETWORK), tmp_path / "run")
    decide_run(done.path, choice=Choice("global"), folds=2)
    opened = open_run(done.path)
    assert opened.decision is not None
    assert opened.decision.facts["documents"] == 480
    assert read_curves(opened.directory).epochs[-1].number == 3


@pytest.mark.slow
def test_two_processes_write_one_run(data, tmp_path):
    """As torchrun starts them."""
    (tmp_path / "config.yaml").write_text(
        f"data: {{train: {data / 'train.jsonl'}, test: {data / 'test.jsonl'}}}\n"
        "model: {kind: network, encoder: bag, head: linear, train: {epochs: 2, batch_size: 16, device: cpu}}\n"
    )
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "manylabel",
        "train",
        str(tmp_path / "config.yaml"),
        "--run",
        str(tmp_path / "run"),
    ]
    base = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            command,
            env={**base, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=250) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert b"epoch 2" in said[0][1]
    assert said[1] == (b"", b"")
    curves = read_curves(open_run(tmp_path / "run").directory)
    assert [epoch.number for epoch in curves.epochs] == [1, 2]
    assert load(tmp_path / "run").predict(["a text"], 3).k == 3
