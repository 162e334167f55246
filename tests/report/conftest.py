"""A small corpus with a long tail on disk, and runs of every kind trained on it, made once for all tests."""

import pytest

from manylabel.data.generate import GeneratorConfig, write_generated
from manylabel.models import MODELS
from manylabel.runs.config import parse_config
from manylabel.runs.train import train_run

SMALL = {
    "linear-tree": {"tree": {"leaf_size": 5}},
    "linear-ovr": {"solver": {"loss": "logistic", "cost": 10.0}},
    "fused": {
        "sources": {"linear": {"model": {"kind": "linear-tree", "tree": {"leaf_size": 8}}}},
        "ranker": {"kind": "boosted", "leaf_candidates": 10, "rounds": 20},
        "folds": 2,
        "ablation": False,
    },
    "attention-xml": {
        "encoder": {"kind": "bag", "embeddings": {"width": 32}, "min_count": 1},
        "train": {"epochs": 20, "batch_size": 16, "learning_rate": 0.02},
    },
    "dual-encoder": {"train": {"epochs": 20, "batch_size": 32, "learning_rate": 0.03}},
}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Folder with ``train.jsonl``, ``test.jsonl`` and ``labels.jsonl``."""
    folder = tmp_path_factory.mktemp("data")
    write_generated(GeneratorConfig(documents=400, labels=40, words_per_document=12.0, test_share=0.25), folder)
    return folder


@pytest.fixture(scope="session")
def train(data, tmp_path_factory):
    """Trains a run of a kind, with assignments; `test=None` trains without a test part."""

    def make(kind="linear-ovr", *overrides, name=None, **parts):
        paths = {"train": str(data / "train.jsonl"), "test": str(data / "test.jsonl"), **parts}
        section = {"kind": kind, **SMALL.get(kind, {})}
        own = {key: value for key, value in paths.items() if value is not None}
        config = parse_config({"data": own, "model": section, "evaluate": {"n_bootstrap": 20}}, overrides)
        return train_run(config, tmp_path_factory.mktemp("runs") / (name or kind)).path

    return make


@pytest.fixture(scope="session")
def run_of(train):
    """The finished run of a kind with a test part; trained when first asked for."""
    known = {}

    def find(kind):
        if kind not in known:
            known[kind] = train(kind)
        return known[kind]

    return find


@pytest.fixture(params=sorted(MODELS))
def every_run(request, run_of):
    """A run of each kind of the table."""
    return run_of(request.param)
