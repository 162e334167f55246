"""The task of a dual encoder: what is held at once and how many processes share the work changes nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matching_case import LABELS, matching, weights
from scipy.sparse import csr_matrix
from two_processes import run_two

from manylabel.nn.losses.tiles import Positives
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train
from manylabel.train.matching import apart

OPTIONS = {"epochs": 3, "batch_size": 8, "optim": "sgd", "max_grad_norm": None, "early_stopping": None}
PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np, torch
import torch.distributed as dist
from matching_case import matching, weights
from manylabel.train import distributed
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train
distributed.join()
calls = []
plain = dist.all_reduce
task = matching({kind!r}, {n}, free={free!r}, texts=6)
size = sum(parameter.numel() for parameter in task.parameters() if not getattr(parameter, "by_row", False))
def counted(tensor, *arguments, **options):
    calls.append(tensor.numel())
    return plain(tensor, *arguments, **options)
dist.all_reduce = counted
train(task, TrainConfig(**{options!r}), seed=3)
np.save({file!r} + f"{{distributed.rank()}}.npy", weights(task).numpy(), allow_pickle=False)
np.save({file!r} + f"-large{{distributed.rank()}}.npy", np.array([sum(n >= 300 for n in calls)]), allow_pickle=False)
distributed.leave()
"""


def gradients(task, rows):
    task.zero_grad()
    torch.manual_seed(0)
    task(task.collate(rows, np.random.default_rng(0))).sum().backward()
    return {name: p.grad.to_dense() if p.grad.is_sparse else p.grad for name, p in task.named_parameters()}


@pytest.mark.parametrize("kind", ["decoupled-softmax", "soft-top-k", "bce", "decoupled-contrastive", "triplet"])
@pytest.mark.parametrize("free", ["none", "dense", "sparse"])
def test_chunks_and_tiles_have_the_gradients_of_everything_at_once(kind, free):
    rows = np.arange(17)
    whole = gradients(matching(kind, 17, free=free), rows)
    pieces = gradients(matching(kind, 17, free=free, texts=4, tile=3), rows)
    for name, expected in whole.items():
        torch.testing.assert_close(pieces[name], expected, rtol=1e-5, atol=1e-6, msg=name)


def test_gradients_are_those_of_plain_autograd():
    """All scores at once, and the loss on them as it stands."""
    task, rows = matching("decoupled-softmax", 13), np.arange(13)
    found = gradients(task, rows)
    task.zero_grad()
    network, texts = task.network, task.texts.inputs
    documents = network.document_vectors(task.examples.inputs.batch(rows))
    labels = network.label_vectors(texts.batch(np.arange(LABELS)))
    targets = torch.from_numpy(task.examples.positives.toarray().astype(np.float32))
    task.loss(network.space.scale * documents @ labels.T, targets).sum().backward()
    for name, parameter in task.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-5, atol=1e-6, msg=name)


def test_documents_apart_share_no_label():
    positives = csr_matrix(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], bool))
    found = apart(Positives.of_matrix(positives), 3)
    expected = [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]]
    assert found.int().tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "n", "free"),
    [("decoupled-softmax", 64, "none"), ("soft-top-k", 53, "dense"), ("bce", 53, "sparse"), ("softmax", 37, "none")],
)
def test_two_processes_with_half_of_the_labels_each_end_with_the_weights_of_one(kind, n, free, tmp_path):
    """23 labels in two shards; 53 documents: in the last step the second process takes part with nothing."""
    alone = matching(kind, n, free=free)
    steps = 3 * -(-n // 16)
    train(alone, TrainConfig(**OPTIONS, gradient_accumulation_steps=2), seed=3)
    file = str(tmp_path / "weights")
    code = PROGRAM.format(tests=str(Path(__file__).parent), options=OPTIONS, file=file, kind=kind, n=n, free=free)
    run_two(code)
    found = [torch.from_numpy(np.load(f"{file}{rank}.npy", allow_pickle=False)) for rank in range(2)]
    assert torch.equal(*found)
    torch.testing.assert_close(found[0], weights(alone), atol=1e-6, rtol=1e-5)
    large = [int(np.load(f"{file}-large{rank}.npy", allow_pickle=False)[0]) for rank in range(2)]
    assert large == [steps, steps]  # the parameters' gradients go around once a step
