"""The fused model with a memory by an encoder's vectors."""

import shutil

import numpy as np
import pytest
from model_cases import SMALL_TREE, corpora, feature_corpora, make, same

from encoder_cases import every_encoder, options
from manylabel import load
from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.stages import Stages
from manylabel.nn.frozen.word_vectors import WordVectors
from manylabel.runs.config import parse_config
from manylabel.runs.memory import add_to_memory


def common_words(n=40):
    """The most frequent words of the training part."""
    words = [word for text in corpora()[0].texts for word in text.lower().split() if word.isalnum()]
    found, counts = np.unique(words, return_counts=True)
    return found[np.argsort(-counts, kind="stable")][:n].tolist()


def with_encoder(encoder, **more):
    sources = {
        "linear": {"model": {"kind": "linear-tree", "tree": SMALL_TREE}},
        "meaning": {"kind": "memory", "encoder": encoder},
        "label-text": None,
        "phrases": None,
    }
    return make("fused", **{"sources": sources, **more})


@pytest.fixture
def given(kind, tmp_path):
    return options(kind, tmp_path / "origin", words=common_words())


@every_encoder
def test_trained_saved_moved_and_extended(given, kind, tmp_path):
    train, test = corpora()[0].select(range(200)), corpora()[1]
    model = with_encoder(given, ablation=True)
    assert "the encoder comes on top" in str(model.estimate(train))
    model.fit(train)
    assert "meaning" in model.facts["sources"]
    assert model.facts["sources"]["meaning"]["finds"] > 0
    expected = model.predict(test.texts, 5)
    model.save(tmp_path / "run")
    shutil.rmtree(tmp_path / "origin")
    again = load(tmp_path / "run")
    assert same(again.predict(test.texts, 5), expected)
    assert again.config == model.config
    name = {"transformer": "meaning-encoder-model.safetensors", "word-vectors": "meaning-encoder-words.safetensors"}[
        kind
    ]
    assert (tmp_path / "run" / name).is_file()
    more = Corpus.from_texts(["comet comet"], [["comets"]], space=train.labels.joined(LabelSpace(["comets"])))
    again.add(more)
    assert again._sources["meaning"]._index.n_rows == 201
    again.save(tmp_path / "more")
    assert same(load(tmp_path / "more").predict(test.texts, 5), again.predict(test.texts, 5))


def test_added_to_a_run_the_encoder_stays_where_it_is(tmp_path):
    train = corpora()[0].select(range(200))
    model = with_encoder(options("word-vectors", tmp_path / "origin", words=common_words())).fit(train)
    model.save(tmp_path / "run")
    shutil.rmtree(tmp_path / "origin")
    before = (tmp_path / "run" / "meaning-encoder-words.safetensors").stat().st_mtime_ns
    more = tmp_path / "more.jsonl"
    name = train.labels.names[0]
    more.write_text(f'{{"text": "{train.texts[0][:20]}", "labels": ["{name}"]}}\n')
    assert add_to_memory(tmp_path / "run", more).documents == 1
    assert (tmp_path / "run" / "meaning-encoder-words.safetensors").stat().st_mtime_ns == before
    assert load(tmp_path / "run")._sources["meaning"]._index.n_rows == 201


def test_an_interrupted_training_encodes_nothing_again(tmp_path, monkeypatch):
    train, test = corpora()[0].select(range(150)), corpora()[1]
    given = options("word-vectors", tmp_path / "origin", words=common_words())
    expected = with_encoder(given).fit(train).predict(test.texts, 5)
    encoded = []
    encode = WordVectors.encode
    monkeypatch.setattr(
        WordVectors, "encode", lambda self, texts, *more: encoded.append(len(texts)) or encode(self, texts, *more)
    )

    def interrupted(self, *more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("manylabel.models.fused.Fused._learn_to_rank", interrupted)
        with pytest.raises(KeyboardInterrupt):
            with_encoder(given).fit(train, stages=Stages.begin(tmp_path / "s", {}, resume=False))
    assert encoded == [150]
    encoded.clear()
    model = with_encoder(given).fit(train, stages=Stages.begin(tmp_path / "s", {}, resume=True))
    assert sum(encoded) < 10  # to see that the encoder is the same
    assert same(model.predict(test.texts, 5), expected)


def test_rows_of_features_leave_it_idle(tmp_path):
    train, test = feature_corpora()
    model = with_encoder(options("word-vectors", tmp_path), ablation=True).fit(train)
    assert "texts" in model.facts["sources"]["meaning"]["idle"]
    model.save(tmp_path / "run")
    assert same(load(tmp_path / "run").predict(test.features, 5), model.predict(test.features, 5))


def test_an_encoder_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"^/no/vectors\.txt: no such file"):
        with_encoder({"kind": "word-vectors", "vectors": "/no/vectors.txt"}).fit(corpora()[0])


def test_a_configuration_with_an_encoder_is_read_without_it():
    config = {
        "data": {"train": "train.jsonl"},
        "model": {"kind": "fused", "sources": {"memory": {"encoder": {"kind": "transformer", "model": "a/b"}}}},
    }
    section = parse_config(config).model.sources["memory"]
    assert section.encoder.pooling == "mean"
    assert section.neighbours == 40
