"""Epochs reach TensorBoard."""

import builtins

import pytest
from tasks import Regression

from manylabel.core.errors import MissingExtraError
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train
from manylabel.train.tensorboard import also_to_tensorboard


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_number_of_every_epoch(tmp_path):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    lines = []
    record = also_to_tensorboard(str(tmp_path / "board"), lines.append)
    train(Regression(), TrainConfig(epochs=3, early_stopping=None), record=record)
    board = events.EventAccumulator(str(tmp_path / "board"))
    board.Reload()
    assert {"train/loss", "validation/nDCG@5", "learning_rate"} <= set(board.Tags()["scalars"])
    found = board.Scalars("validation/nDCG@5")
    assert [one.step for one in found] == [1, 2, 3]
    assert [one.value for one in found] == pytest.approx([line["validation"]["nDCG@5"] for line in lines])


def test_without_the_package_the_extra_is_named(monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("torch.utils.tensorboard"):
            raise ImportError
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'manylabel\[tensorboard\]'"):
        also_to_tensorboard(str(tmp_path), lambda line: None)
