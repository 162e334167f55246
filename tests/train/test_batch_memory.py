"""What a batch is reckoned to take of the memory, against what torch says that it allocates."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from encoder_cases import needs_transformers
from manylabel import Network
from manylabel.core.corpus import Corpus
from manylabel.core.errors import CapacityError
from manylabel.core.labels import LabelSpace

N, TOKENS, LABELS = 24, 200, 5
WORDS = {"embeddings": {"width": 50, "dropout": 0.0}, "min_count": 1}
BERT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
DROPPED = {**WORDS, "embeddings": {"width": 50, "dropout": 0.1}}
CASES = {
    # Without dropout no state of a token is made, and next to nothing is left to reckon.
    "bag": {"encoder": {"kind": "bag", **DROPPED}, "head": "linear"},
    # Many filters: what they answer is far more than what is kept of it.
    "cnn": {"encoder": {"kind": "cnn", "filters": 1024, "filter_widths": [3], **WORDS}, "head": "linear"},
    "dynamic-max": {
        "encoder": {"kind": "cnn", "filters": 512, "filter_widths": [3], "pooling": "dynamic-max", **WORDS},
        "head": "linear",
    },
    "convolution": {"encoder": {"kind": "bag", **WORDS}, "head": {"kind": "convolution", "filters": 512}},
    "caml": {"encoder": {"kind": "bag", **WORDS}, "head": {"kind": "caml", "filter_size": 3, "filters": 256}},
    "bilstm": {"encoder": {"kind": "bilstm", "hidden_dim": 64, **WORDS}, "head": "label-attention"},
    "bert": {
        "encoder": {"kind": "transformer", "configuration": {"model_type": "bert", **BERT}, "max_length": TOKENS},
        "head": "linear",
    },
}
MARKS = {name: [needs_transformers] if name == "bert" else [] for name in CASES}
every_case = pytest.mark.parametrize("name", [pytest.param(name, marks=marks) for name, marks in MARKS.items()])


class Enough(Exception):
    """Ends a fit before its training."""


@pytest.fixture
def task_of(monkeypatch):
    """Makes the task that a network is trained by, and its configuration."""
    from manylabel.models.network import stages

    def make(name, **train):
        def found(task, config):
            made.extend([task, config])
            raise Enough

        made = []
        random = np.random.default_rng(0)
        words = [f"w{number}" for number in range(50)]
        texts = [" ".join(random.choice(words, TOKENS)) for _ in range(N)]
        labels = LabelSpace([f"l{number}" for number in range(LABELS)])
        corpus = Corpus(texts, csr_matrix(random.random((N, LABELS)) < 0.4), labels)
        network = Network(**CASES[name], train={"validation": 0, "device": "cpu", **train})
        monkeypatch.setattr(stages, "check_batch", found)
        with pytest.raises(Enough):
            network.fit(corpus)
        return made

    return make


def allocated(step):
    """The most bytes that a step has allocated at a time, by the profiler of torch."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        step()
    changes = [event for event in watched.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())
    return int(np.cumsum([event.nbytes() for event in changes]).max())


@every_case
def test_a_step_takes_what_was_reckoned(name, task_of):
    import torch

    from manylabel.train.memory import step_bytes

    task, config = task_of(name)
    fixed, each = step_bytes(task, config)
    task.train()
    batch = task.collate(np.arange(16), np.random.default_rng(0))
    for parameter in task.parameters():
        parameter.grad = torch.zeros_like(parameter)  # counted with the moments, not here
    taken = allocated(lambda: task(batch).mean().backward())
    assert 0.85 * taken < fixed + 16 * each < 2 * taken


def test_a_batch_that_does_not_fit_is_refused_with_one_that_does(task_of, monkeypatch):
    from manylabel.train import memory

    task, config = task_of("cnn", batch_size=20)
    fixed, each = memory.step_bytes(task, config)
    room = memory.state_bytes(task) + fixed + 7.5 * each
    monkeypatch.setattr(memory, "available_memory", lambda: room)
    with pytest.raises(CapacityError, match=r"largest that fits is 7: set model\.train\.batch_size=7 .*steps=3"):
        memory.check_batch(task, config)
    memory.check_batch(task, config.with_values(batch_size=7))
