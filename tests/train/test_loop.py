"""The loop: what a step is, resumption to the last bit, and what stops it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tasks import Regression, weights

from manylabel.core.errors import ConfigError, DivergedError, RunError
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train

BASE = {"epochs": 4, "batch_size": 8, "early_stopping": None, "max_grad_norm": 5.0, "checkpoint_seconds": 0}


def config(**options):
    return TrainConfig(**{**BASE, **options})


VARIANTS = {
    "plain": {},
    "accumulated": {"gradient_accumulation_steps": 3},
    "early stopping": {"early_stopping": {"metric": "nDCG@5", "patience": 2}},
    "ema": {"average": "ema"},
    "swa": {"average": {"kind": "swa", "start_epoch": 2, "every": 3}},
    "plateau": {"lr_scheduler_type": "plateau", "early_stopping": "loss", "plateau_patience": 0},
    "sgd": {"optim": "sgd", "lr_scheduler_type": "cosine"},
    "bf16": {"bf16": True},
    "adaptive clipping": {"max_grad_norm": "adaptive", "gradient_accumulation_steps": 2},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_training_that_was_stopped_anywhere_ends_with_the_same_bits(name, tmp_path):
    options = VARIANTS[name]
    whole = Regression(embedding=True)
    lines = []
    train(whole, config(**options), seed=3, record=lines.append)
    batches = len(whole.seen)
    for number, at in enumerate(np.random.default_rng(1).choice(np.arange(1, batches), 4, replace=False).tolist()):
        file, again = tmp_path / f"{number}.unfinished", {}
        stopped = Regression(embedding=True)
        stopped.interrupt_at = at
        with pytest.raises(KeyboardInterrupt):
            train(
                stopped,
                config(**options),
                seed=3,
                checkpoint=file,
                record=lambda line, a=again: a.update({line["epoch"]: line}),
            )
        resumed = Regression(embedding=True)
        torch.manual_seed(99)
        train(
            resumed,
            config(**options),
            seed=3,
            checkpoint=file,
            record=lambda line, a=again: a.update({line["epoch"]: line}),
        )
        assert torch.equal(weights(resumed), weights(whole)), at
        assert list(again.values()) == lines
        assert len(stopped.seen) + len(resumed.seen) <= batches + 3, "steps that were done are done again"


def test_other_seeds_and_other_options_differ():
    found = []
    for options in ({}, {"seed": 4}, *VARIANTS.values()):
        options = dict(options)
        task = Regression()
        train(task, config(**{k: v for k, v in options.items() if k != "seed"}), seed=options.get("seed", 3))
        found.append(weights(task))
    for one in range(len(found)):
        for other in range(one):
            same = {one, other} in ({0, 2}, {0, 4}, {2, 4})
            assert torch.equal(found[one], found[other]) == same, (one, other)


@pytest.mark.parametrize("documents", [32, 37])
def test_accumulated_batches_equal_one_of_their_size(documents):
    found = []
    for size, steps in ((32, 1), (8, 4)):
        task = Regression(documents, dropout=0.0)
        task.collate = lambda rows, random, task=task: _still(task, rows)
        # Plain steps, uncut: Adam and clipping would hide gradients that are all too large or too small.
        plain = {"optim": "sgd", "momentum": 0.0, "max_grad_norm": None, "group_by_length": False}
        train(task, config(batch_size=size, gradient_accumulation_steps=steps, **plain), seed=0)
        found.append(weights(task))
    torch.testing.assert_close(found[0], found[1], atol=1e-6, rtol=1e-5)


def _still(task, rows):
    batch = Regression.collate(task, rows, np.random.default_rng(0))
    batch.x = task.x[rows]
    return batch


def test_the_same_losses_as_a_loop_written_out():
    """AdamW of torch on the same batches, linear schedule, no clipping."""
    ours = Regression(dropout=0.0)
    ours.collate = lambda rows, random: _still(ours, rows)
    options = config(max_grad_norm=None, group_by_length=False, warmup_ratio=0.0, weight_decay=0.1)
    train(ours, options, seed=0)
    theirs = Regression(dropout=0.0)
    matrices = [p for p in theirs.parameters() if p.dim() > 1]
    vectors = [p for p in theirs.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=0.05)
    total = len(ours.seen)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / total)
    for rows in ours.seen:
        theirs(_still(theirs, rows)).mean().backward()
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
    torch.testing.assert_close(weights(ours), weights(theirs), atol=1e-5, rtol=1e-4)


def test_gradients_are_cut_to_the_norm():
    task = Regression(dropout=0.0)
    lines = []
    before = weights(task).clone()
    options = config(
        epochs=1,
        batch_size=53,
        optim="sgd",
        momentum=0.0,
        weight_decay=0.0,
        warmup_ratio=0,
        max_grad_norm=0.01,
        lr_scheduler_type="constant",
    )
    train(task, options, record=lines.append)
    assert torch.linalg.vector_norm(weights(task) - before).item() == pytest.approx(0.01 * 0.05, rel=1e-3)
    assert lines[0]["gradient_norm"] > 0.01


def test_the_best_epoch_is_kept_and_patience_ends():
    task = Regression()
    values = iter([0.1, 0.5, 0.3, 0.2, 0.9])
    kept = []

    def measure():
        from manylabel.train.task import Measured

        kept.append(weights(task).clone())
        return Measured({}, {"nDCG@5": next(values)}, 3)

    task.measure = measure
    done = train(task, config(epochs=9, early_stopping={"metric": "nDCG@5", "patience": 2}))
    assert (done.epochs, done.best) == (4, 2)
    assert torch.equal(weights(task), kept[1])


def test_a_loss_that_is_no_number_says_where_and_what_to_try():
    task = Regression()
    task.x[7] = float("inf")
    with pytest.raises(
        DivergedError, match=r"the loss is nan in epoch 1, step \d, documents .*learning_rate"
    ) as caught:
        train(task, config())
    rows = task.seen[-1].tolist()
    assert 7 in rows
    assert f"documents {', '.join(map(str, rows[:5]))}" in str(caught.value)


def test_half_precision_where_there_is_none():
    with pytest.raises(ConfigError, match=r"fp16 needs a GPU.*bf16"):
        train(Regression(), config(fp16=True))
    with pytest.raises(ValueError, match="choose one of bf16 and fp16"):
        config(fp16=True, bf16=True)


def test_a_damaged_checkpoint_is_named(tmp_path):
    file = tmp_path / "x.unfinished"
    train(Regression(), config(epochs=1), checkpoint=file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RunError, match=r"x\.unfinished: is no checkpoint"):
        train(Regression(), config(), checkpoint=file)


PROGRAM = """
import sys, torch
from pathlib import Path
sys.path.insert(0, {tests!r})
from tasks import Regression, weights
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train
task = Regression(embedding=True)
collate = task.collate
def slow(rows, random):
    print(len(task.seen), flush=True)
    return collate(rows, random)
task.collate = slow
train(task, TrainConfig(**{options!r}), seed=3, checkpoint=Path({file!r}))
torch.set_printoptions(precision=10)
print("weights", weights(task).double().numpy().tobytes().hex())
"""


@pytest.mark.slow
def test_killed_processes_end_with_the_same_bits(tmp_path):
    options = {**BASE, "epochs": 3, "gradient_accumulation_steps": 2}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def run(name, stop):
        """The last line of a process that is killed when it has begun so many batches; 0 for never."""
        code = PROGRAM.format(tests=str(Path(__file__).parent), options=options, file=str(tmp_path / name))
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if len(lines) == stop:
                    process.send_signal(signal.SIGKILL)
                    break
        return lines[-1]

    expected, random, last = run("whole", 0), np.random.default_rng(5), ""
    for stop in [*random.integers(2, 7, 5).tolist(), 0]:
        last = run("killed", stop)
        if last.startswith("weights"):
            break
    assert last == expected
    assert expected.startswith("weights")
