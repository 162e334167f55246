"""What only a GPU can show."""

import pytest
import torch
from tasks import Regression, weights

from manylabel.train.config import TrainConfig
from manylabel.train.loop import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


def trained(device, **options):
    task = Regression(dropout=0.0).to(device)
    collate = task.collate

    def moved(rows, random):
        batch = collate(rows, random)
        batch.x, batch.y, batch.rows = batch.x.to(device), batch.y.to(device), batch.rows.to(device)
        return batch

    task.x, task.y = task.x.cpu(), task.y.cpu()
    task.collate = moved
    task.measure = lambda: __import__("manylabel.train.task", fromlist=["Measured"]).Measured()
    train(task, TrainConfig(epochs=3, early_stopping=None, **options), seed=0)
    return weights(task).cpu()


def test_a_gpu_trains_what_a_cpu_does():
    torch.testing.assert_close(trained("cuda"), trained("cpu"), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_is_near(precision):
    torch.testing.assert_close(trained("cuda", **{precision: True}), trained("cpu"), atol=0.1, rtol=0.1)
