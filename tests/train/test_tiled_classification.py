"""A head whose classifiers move tile by tile ends where the plain head under torch's own SGD ends."""

import numpy as np
import pytest
import torch
from scipy.sparse import random as random_matrix
from torch import nn

from manylabel.core.table import section_of
from manylabel.nn.encoders.vectors import PooledVectors
from manylabel.nn.heads import HEADS
from manylabel.nn.heads.tiled_linear import TiledLinear, _put
from manylabel.nn.inputs import Inputs
from manylabel.nn.losses import LOSSES
from manylabel.nn.network import TextNetwork
from manylabel.train.classification import Classification, Examples, Trainable, Ways
from manylabel.train.config import TrainConfig
from manylabel.train.loop import train
from manylabel.train.memory import _LiveTensors
from manylabel.train.task import Measured, ParameterGroup
from manylabel.train.tiled_classification import TiledClassification, classification_of

N, L, D = 50, 37, 6
LOSS_CASES = ["bce", "asymmetric", "weighted-bce", "softmax", "decoupled-softmax", "soft-top-k", "zlpr", "ranking"]


def config(**options):
    given = {
        "epochs": 3,
        "batch_size": 8,
        "optim": "sgd",
        "learning_rate": 0.2,
        "weight_decay": 0.0,
        "max_grad_norm": None,
        "early_stopping": None,
        "device": "cpu",
    }
    return TrainConfig(**{**given, **options})


def examples(n_labels=L, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(N, D)).astype(np.float32)
    positives = (random_matrix(N, n_labels, min(0.1, 200 / n_labels), random_state=seed, format="csr") > 0).tocsr()
    return Examples(Inputs(vectors, np.arange(N + 1)), positives)


def task(kind, loss, *, n_labels=L, measure=Measured, **options):
    """A network of one hidden layer under a head; the same start whatever the head."""
    torch.manual_seed(3)
    section = HEADS.section(kind).parse({"dropout": 0.0, "hidden_dim": 5, **options})
    head = HEADS.load(kind)(section, D, D, n_labels)
    table = head.label_weights()
    with torch.no_grad():
        for parameter in head.parameters():  # each has a size of its own
            generator = torch.Generator().manual_seed(parameter.numel())
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    assert table.shape == (n_labels, 5)
    network = TextNetwork(PooledVectors(D), head)
    given = loss if not isinstance(loss, str) else section_of({"kind": loss, **_summed(loss)}, LOSSES)
    trainable = Trainable([ParameterGroup(head, 0.2)], [])
    return classification_of(network)(network, examples(n_labels), given, trainable, measure)


def _summed(kind):
    return {"reduction": "sum"} if "reduction" in LOSSES.section(kind).model_fields else {}


@pytest.mark.parametrize("loss", LOSS_CASES)
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_it_ends_where_torchs_sgd_ends(loss, decay):
    plain = task("linear", loss)
    tiled = task("tiled-linear", loss, labels_at_once=10, learning_rate=0.2, weight_decay=decay)
    assert type(plain) is Classification
    assert type(tiled) is TiledClassification
    before = tiled.network.head.weight.clone()
    train(plain, config(weight_decay=decay))
    # What the training decays are matrices: the hidden layer's must decay here as it does there.
    train(tiled, config(weight_decay=decay))
    assert not torch.allclose(before, tiled.network.head.weight, atol=0.01)
    torch.testing.assert_close(tiled.network.head.weight, plain.network.head.labels.weight, atol=2e-5, rtol=1e-5)
    for name in ("bias", "hidden.weight", "hidden.bias"):
        ours, theirs = (one.network.head.get_parameter(name) for one in (tiled, plain))
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 36, 37, 100])
def test_the_size_of_tiles_changes_nothing(size):
    found = []
    for labels_at_once in (size, 10):
        one = task("tiled-linear", "bce", labels_at_once=labels_at_once)
        train(one, config())
        found.append(one.network.head.weight)
    torch.testing.assert_close(found[0], found[1], atol=1e-6, rtol=1e-5)


def test_without_momentum_there_is_no_second_table():
    one = task("tiled-linear", "bce", momentum=0.0)
    train(one, config())
    assert one.network.head.momentum is None
    assert not one.state()
    other = task("tiled-linear", "bce", momentum=0.9)
    train(other, config())
    assert not torch.allclose(one.network.head.weight, other.network.head.weight, atol=1e-3)


def test_scores_of_all_labels_are_never_held():
    n_labels = 100_000
    one = task("tiled-linear", "bce", n_labels=n_labels, labels_at_once=1000, momentum=0.0)
    batch = one.collate(np.arange(40), np.random.default_rng(0))
    one.begin_step(1.0)
    with _LiveTensors() as live:
        one(batch).sum().backward()
    # Scores of a tile a few times, and the gradient of the bias; all scores would be 16 MB.
    assert live.most < 12 * 40 * 1000 * 4 + 4 * n_labels * 4
    assert live.most < 40 * n_labels * 4 / 4


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("stop", [2, 9])
def test_interrupted_it_ends_with_the_same_bits(precision, stop, tmp_path):
    def made():
        return task("tiled-linear", "bce", precision=precision, labels_at_once=10)

    expected = made()
    train(expected, config())
    one, calls = made(), []
    collate = one.collate

    def interrupting(rows, random):
        calls.append(rows)
        if len(calls) == stop:
            raise KeyboardInterrupt
        return collate(rows, random)

    one.collate = interrupting
    file = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train(one, config(checkpoint_seconds=0), checkpoint=file)
    again = made()
    train(again, config(), checkpoint=file)
    for name, value in expected.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name
    assert torch.equal(expected.network.head.momentum, again.network.head.momentum)


def test_the_best_epochs_classifiers_are_kept():
    seen, values = [], iter([0.1, 0.9, 0.5])

    def measure():
        seen.append(one.network.head.weight.clone())
        return Measured({}, {"nDCG@5": next(values)}, 1)

    one = task("tiled-linear", "bce", measure=measure)
    assert train(one, config(early_stopping={"metric": "nDCG@5"})).best == 2
    assert torch.equal(one.network.head.weight, seen[1])
    assert not torch.equal(seen[1], seen[2])


def test_half_precision_follows_full_precision():
    losses = {}
    for precision in ("float32", "bfloat16"):
        one = task("tiled-linear", "bce", precision=precision)
        train(one, config(epochs=20))
        one.eval()
        losses[precision] = one(one.collate(np.arange(N), np.random.default_rng(0))).mean().item()
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)
    start = task("tiled-linear", "bce").eval()
    assert losses["bfloat16"] < 0.5 * start(start.collate(np.arange(N), np.random.default_rng(0))).mean().item()


def test_rounding_at_random_has_the_right_mean_and_keeps_what_fits():
    torch.manual_seed(0)
    values = torch.full((20_000,), 1.001)  # between 1 and 1.0078125
    into = torch.zeros(20_000, dtype=torch.bfloat16)
    _put(into, values)
    assert set(into.tolist()) == {1.0, 1.0078125}
    assert into.double().mean().item() == pytest.approx(1.001, abs=1e-4)
    exact = torch.tensor([0.0, -1.5, 2.0**-120, 256.0])
    _put(into[:4], exact)
    assert into[:4].tolist() == exact.tolist()


def test_what_needs_all_scores_is_refused():
    made = task("tiled-linear", "bce")
    given = (made.network, made.examples, made.loss, Trainable([]), Measured)
    for ways in (Ways(label_smoothing=0.1), Ways(r_drop=1.0), Ways(mixup=0.2)):
        with pytest.raises(ValueError, match="plain positives"):
            TiledClassification(*given, ways)


def test_a_head_on_its_own_is_no_optimisers_business():
    head = task("tiled-linear", "bce").network.head
    assert isinstance(head, TiledLinear)
    assert isinstance(head.weight, nn.Parameter)
    assert not head.weight.requires_grad
    assert "momentum" not in head.state_dict()
