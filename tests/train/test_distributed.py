"""Two processes train as one does."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tasks import Regression, weights
from two_processes import run_two

from manylabel.train.config import TrainConfig
from manylabel.train.loop import train

PROGRAM = """
import os, sys
sys.path.insert(0, {tests!r})
import numpy as np, torch
from tasks import Regression, weights
from manylabel.train import distributed
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train
distributed.join()
task = Regression({n}, dropout=0.0, embedding={embedding})
lines = []
train(task, TrainConfig(**{options!r}), seed=3, record=lines.append)
np.save({file!r} + f"{{distributed.rank()}}.npy", weights(task).numpy(), allow_pickle=False)
assert len(lines) == (3 if distributed.rank() == 0 else 0)
assert task.measurements == (3 if distributed.rank() == 0 else 0)
distributed.leave()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("n", "embedding"), [(64, False), (53, True)])
def test_two_processes_end_with_the_weights_of_one(n, embedding, tmp_path):
    """53 documents: the last step has one batch, so that the second process takes part with nothing."""
    options = {"epochs": 3, "batch_size": 4, "early_stopping": "nDCG@5", "optim": "sgd", "max_grad_norm": 50.0}
    alone = Regression(n, dropout=0.0, embedding=embedding)
    train(alone, TrainConfig(**options, gradient_accumulation_steps=2), seed=3)
    file = str(tmp_path / "weights")
    code = PROGRAM.format(tests=str(Path(__file__).parent), options=options, file=file, n=n, embedding=embedding)
    run_two(code)
    found = [torch.from_numpy(np.load(f"{file}{rank}.npy", allow_pickle=False)) for rank in range(2)]
    assert torch.equal(*found)
    torch.testing.assert_close(found[0], weights(alone), atol=1e-6, rtol=1e-5)


@pytest.mark.slow
def test_a_process_that_ends_parts_with_the_others():
    """Nobody has to say so: a process group that is still there when the process ends may abort it."""
    code = (
        "import atexit, torch.distributed as dist\n"
        "from manylabel.train import distributed\n"
        "distributed.leave()\n"  # nobody was met
        # It runs after what is registered later.
        "atexit.register(lambda: print('met' if dist.is_initialized() else 'left'))\n"
        "distributed.join()\n"
        "print('met' if dist.is_initialized() else 'left')\n"
    )
    for told in run_two(code):
        assert told.split() == ["met", "left"]
