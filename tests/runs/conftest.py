"""A small corpus with a long tail on disk, and runs trained on it, made once for all tests of the room."""

import json
from pathlib import Path

import pytest

from manylabel.data.generate import GeneratorConfig, write_generated
from manylabel.runs.config import parse_config
from manylabel.runs.train import train_run


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Folder with ``train.jsonl``, ``test.jsonl`` and ``labels.jsonl``."""
    folder = tmp_path_factory.mktemp("data")
    write_generated(GeneratorConfig(documents=600, labels=60, words_per_document=12.0, test_share=0.2), folder)
    return folder


@pytest.fixture(scope="session")
def config_of(data):
    """Makes a configuration on that corpus, from assignments."""

    def make(*overrides, **sections):
        own = {"train": str(data / "train.jsonl"), "test": str(data / "test.jsonl"), **sections.pop("data", {})}
        model = sections.pop("model", {"kind": "linear-tree"})
        return parse_config({"data": own, "model": model, "evaluate": {"n_bootstrap": 50}, **sections}, overrides)

    return make


@pytest.fixture(scope="session")
def tree_run(tmp_path_factory, config_of):
    """A finished run of `linear-tree` with a test part."""
    return train_run(config_of("model.tree.leaf_size=5"), tmp_path_factory.mktemp("runs") / "tree").path


@pytest.fixture(scope="session")
def ovr_run(tmp_path_factory, config_of):
    """A finished run of `linear-ovr` with a test part."""
    return train_run(config_of("model=linear-ovr"), tmp_path_factory.mktemp("runs") / "ovr").path


@pytest.fixture(scope="session")
def records():
    """Reads JSON Lines."""

    def read(path):
        return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]

    return read
