"""Stages of a network's training, and interruptions of them."""

import dataclasses

import numpy as np
import pytest
from model_cases import corpora, same
from network_cases import TINY_BERT, StopsAt, make

from encoder_cases import needs_transformers
from manylabel.core.errors import ConfigError


@pytest.fixture(scope="module")
def small():
    """Few documents, for what only has to run."""
    train, test = corpora()
    return train.select(range(120)), test.select(range(30))


# -- stages ---------------------------------------------------------------------------------------------------------


STAGES = {
    "head, then whole": ["head", "whole"],
    "whole, then head": ["whole", {"kind": "head", "fresh": True, "sampling": "class-aware", "train": {"epochs": 3}}],
    "language first": [{"kind": "masked-language", "train": {"epochs": 2}}, "whole"],
    "tau": ["whole", {"kind": "tau-normalisation", "tau": 1.0}],
    "frozen below": [{"kind": "whole", "frozen_layers": 1}],
}


@needs_transformers
@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("case", ["cnn", "bert"])
def test_stages(name, case, small):
    train, test = small
    options = {} if case == "cnn" else {"encoder": TINY_BERT, "head": "linear"}
    model = make(case, stages=STAGES[name], train={"epochs": 2}, **options).fit(train)
    model.predict(test.texts, 60).validate(60)
    plain = make(case, train={"epochs": 2}, **options).fit(train)
    assert not same(model.predict(test.texts, 60), plain.predict(test.texts, 60))


def test_the_head_alone_leaves_the_encoder_as_it_was(small):
    train, _ = small
    before = make(stages=["head"], train={"epochs": 1, "learning_rate": 1e-9}).fit(train)
    after = make(stages=["head"], train={"epochs": 3}).fit(train)
    for (name, one), other in zip(before._network.named_parameters(), after._network.parameters(), strict=True):
        assert bool((one == other).all()) == name.startswith("encoder"), name


def test_a_head_on_vectors_worked_out_once_learns_what_it_learns_on_texts(small, monkeypatch):
    """The cheap way against the plain one."""
    train, test = small
    options = {
        "stages": ["head"],
        "head": {"kind": "linear", "dropout": 0.0},
        "train": {"epochs": 2, "group_by_length": False},
    }
    cheap = make(**options).fit(train).predict(test.texts, 60)
    monkeypatch.setattr("manylabel.nn.heads.linear.LinearHead.needs", "tokens")
    monkeypatch.setattr("manylabel.nn.network.TextNetwork.states", _pooled_always)
    plain = make(**options).fit(train).predict(test.texts, 60)
    for one in (cheap, plain):
        one.validate(60)
    order = np.argsort(cheap.indices, axis=1), np.argsort(plain.indices, axis=1)
    scores = [np.take_along_axis(topk.scores, rank, axis=1) for topk, rank in zip((cheap, plain), order, strict=True)]
    np.testing.assert_allclose(*scores, atol=1e-5)


def _pooled_always(network, batch):
    states = network.encoder(batch)
    return dataclasses.replace(states, pooled=network.encoder.pool(states))


def test_tau_normalisation_evens_lengths_out(small):
    train, _ = small
    plain = make(train={"epochs": 3}).fit(train)
    even = make(train={"epochs": 3}, stages=["whole", {"kind": "tau-normalisation", "tau": 1.0}]).fit(train)
    known = np.flatnonzero(plain.labels.counts[:60])
    lengths = [np.linalg.norm(m._network.head.classifiers().detach().numpy()[known], axis=1) for m in (plain, even)]
    counts = np.asarray(train.positives.sum(axis=0)).ravel()[known]
    assert np.ptp(lengths[1][counts > 1]) < 0.2 * np.ptp(lengths[0])
    with pytest.raises(ConfigError, match=r"tau-normalisation: the head has no classifier"):
        make("bilstm", train={"epochs": 1}, stages=["whole", "tau-normalisation"]).fit(train)


# -- interruption ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 6])
def test_interrupted_anywhere_it_ends_with_the_same_bits(stop, small, tmp_path):
    train, test = small
    options = {
        "stages": [
            {"kind": "masked-language", "train": {"epochs": 2}},
            "head",
            {"kind": "whole", "train": {"average": "ema"}},
        ],
        "train": {"epochs": 2},
        "sampling": "class-aware",
        "augmentation": ["word-swap"],
    }
    whole = make("cnn", **options).fit(train).predict(test.texts, 5)
    folder = tmp_path / "stages"
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        make("cnn", **options).fit(train, stages=StopsAt(folder, stop))
    again = StopsAt(folder, 0)
    assert same(make("cnn", **options).fit(train, stages=again).predict(test.texts, 5), whole)
    assert len(again.lines) <= 6 - stop + 1
    assert not list(folder.glob("*.unfinished"))
