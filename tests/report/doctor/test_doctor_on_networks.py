"""The doctor on learning curves that a training wrote, not on made ones."""

import numpy as np
import pytest
from doctor_cases import World, write

from manylabel.report.doctor.diagnosis import diagnose
from manylabel.report.doctor.reading import examine
from manylabel.report.run.page import report_run
from manylabel.runs.config import parse_config
from manylabel.runs.train import train_run

UNEVEN = World(0.72 ** np.arange(13), own=5, noise=5, wrong=0.5, most=2)
MANY = World(1.0 / (np.arange(120) + 3) ** 1.3, own=6, noise=4, wrong=0.45)


def trained(folder, world, documents, *overrides):
    """A run of a network on documents of a world."""
    folder.mkdir()
    labels = range(len(world.names))
    files = {
        "train": str(write(folder / "train.jsonl", world.documents(documents, 1, labels))),
        "test": str(write(folder / "test.jsonl", world.documents(400, 2, labels))),
    }
    model = {
        "kind": "network",
        "encoder": {"kind": "bag", "embeddings": {"width": 32, "dropout": 0.0}, "min_count": 1},
        "head": {"kind": "linear", "dropout": 0.0},
        "train": {"batch_size": 16, "early_stopping": None, "train_metrics_documents": 400, "validation": 0.25},
    }
    config = parse_config({"data": files, "model": model, "evaluate": {"n_bootstrap": 200}}, overrides)
    return train_run(config, folder / "run").path


CASES = {
    # Far more is learned of the training documents than holds elsewhere.
    "overfitting": (
        UNEVEN, 500,
        ["model.train.epochs=40", "model.train.learning_rate=0.02", "model.train.lr_scheduler_type=constant"],
    ),
    # The rate is so low that nothing is learned in the given time.
    "underfitting": (UNEVEN, 500, ["model.train.epochs=12", "model.train.learning_rate=0.00002"]),
    # Raw inverse weights and a high rate.
    "unstable-loss": (
        MANY, 1500,
        ["model.loss={kind: weighted-bce, scheme: inverse, cap: null}", "model.train.epochs=10",
         "model.train.learning_rate=3.0", "model.train.max_grad_norm=null", "model.train.lr_scheduler_type=constant"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_a_real_training_shows_is_found(name, tmp_path):
    world, documents, overrides = CASES[name]
    path = trained(tmp_path / "data", world, documents, *overrides)
    found = diagnose(examine(path))
    assert name in {finding.rule for finding in found.findings}, [finding.rule for finding in found.findings]
    assert "Learning curves" in report_run(path)
