"""The memory with an encoder's vectors."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from worlds import documents, of, small, source, space, world

from encoder_cases import every_encoder, options, save_vectors
from manylabel.combine import SOURCES
from manylabel.combine.cross_fit import prepare
from manylabel.combine.source import Documents, Known, Query
from manylabel.combine.sources import memory_views
from manylabel.core.errors import ConfigError, RunError
from manylabel.core.run_directory import RunDirectory, write_run
from manylabel.core.stages import Stages
from manylabel.nn.frozen.word_vectors import WordVectors

TEXTS = ["red apple", "scarlet fruit", "blue sky", "the boat"]
LABELS = [[0], [1], [2], [3]]


@pytest.fixture
def synonyms(tmp_path):
    """Word vectors by which red and scarlet, apple and fruit are nearly the same."""
    vectors = {"red": [1, 0, 0], "scarlet": [1, 0.1, 0], "apple": [0, 1, 0], "fruit": [0.1, 1, 0.1], "blue": [0, -1, 1]}
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {' '.join(map(str, numbers))}\n" for word, numbers in vectors.items()))
    return {"kind": "word-vectors", "vectors": str(path)}


@pytest.fixture
def encoded(monkeypatch):
    """How many texts were encoded by each call."""
    calls = []
    encode = WordVectors.encode

    def counting(self, texts, *more):
        calls.append(len(texts))
        return encode(self, texts, *more)

    monkeypatch.setattr(WordVectors, "encode", counting)
    return calls


class Counting:
    """Progress that counts what is reported."""

    def __init__(self):
        self.total = self.done = 0

    @contextmanager
    def task(self, description, total):
        self.total += total

        def advance(units):
            self.done += units

        yield advance

    def note(self, message):
        pass


def test_it_finds_what_is_said_in_other_words(synonyms):
    space_of_four = space(["x"] * 4)
    by_words, tfidf = small(TEXTS, LABELS, space_of_four, "memory", max_share=1.0)
    by_vectors, _ = small(TEXTS, LABELS, space_of_four, "memory", encoder=synonyms, neighbours=2)
    asked = Query(documents(["red apple", "nothing known"], tfidf))
    assert set(of(by_words.propose(asked), 0)) == {0}
    proposals = by_vectors.propose(asked)
    found = of(proposals, 0)
    assert list(found) == [0, 1]
    assert found[0][1] == pytest.approx(1, abs=1e-5)
    assert 0.95 < found[1][1] < 1
    assert of(proposals, 1) == {}
    # Both are duplicates then: the cosine is that of the vectors.
    assert of(by_vectors.propose(Query(asked.documents, training=True)), 0) == {}


def test_documents_are_encoded_once_and_sources_share_what_was_encoded(synonyms, encoded):
    known, positives, labels, _, _ = world()
    sources = {name: source("memory", encoder=synonyms) for name in ("one", "other")}
    known = Documents(known.features, [f"red {text}" for text in known.texts], known.tfidf)
    prepared = prepare(sources, known, stages=Stages())
    assert encoded == [len(known)]
    part = prepared.select(np.arange(0, len(known), 2))
    (vectors,) = part.vectors.values()
    assert vectors.shape == (len(known) // 2, 3)
    fold = source("memory", encoder=synonyms).fit(part, positives[::2], labels, stages=Stages())
    fold.propose(Query(prepared.select(np.arange(1, len(known), 2)), training=True))
    for one in sources.values():
        one.fit(prepared, positives, labels, stages=Stages())
    assert encoded == [len(known)]
    for one in sources.values():
        one.propose(Query(documents(["red"], known.tfidf)))
    assert encoded == [len(known), 1, 1]


def test_an_interrupted_preparation_goes_on_with_what_it_has(synonyms, encoded, tmp_path, monkeypatch):
    monkeypatch.setattr(memory_views, "_DOCUMENTS_PER_STAGE", 3)
    texts = ["red", "apple", "blue", "fruit", "scarlet", "red apple", "blue red"]
    known = documents(texts, world()[0].tfidf)
    memory = source("memory", encoder=synonyms)
    whole = memory.prepare(known, stages=Stages())
    assert encoded == [3, 3, 1]
    stages = Stages(tmp_path)
    memory.prepare(known, stages=stages)
    (tmp_path / "vectors1.done").unlink()
    encoded.clear()
    progress = Counting()
    again = source("memory", encoder=synonyms).prepare(known, stages=stages, progress=progress)
    assert (progress.total, progress.done) == (7, 7)
    assert encoded == [3, 3, 1]  # three of the first part as a probe, the second part, the third as a probe
    for one, other in zip(whole.vectors.values(), again.vectors.values(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_kept_vectors_of_a_changed_encoder_are_refused(tmp_path):
    given = options("word-vectors", tmp_path)
    known = documents(["red apple", "blue sky"], world()[0].tfidf)
    stages = Stages(tmp_path)
    source("memory", encoder=given).prepare(known, stages=stages)
    save_vectors(tmp_path / "vectors.txt", seed=1)
    with pytest.raises(RunError, match="not the one that the training began with"):
        source("memory", encoder=given).prepare(known, stages=stages)


@every_encoder
def test_saved_extended_and_read(kind, tmp_path):
    given = options(kind, tmp_path / "origin", words=["red", "apple", "scarlet", "fruit", "blue", "sky", "boat"])
    memory, tfidf = small(TEXTS, LABELS, space(["x"] * 4), "memory", encoder=given, neighbours=3)
    memory.extend(documents(["red boat"], tfidf), csr_matrix([[False, False, False, True, True]]), space(["x"] * 5))
    with write_run(tmp_path / "run") as writer:
        memory.write(writer.within("part"))
    again = source("memory", encoder=given, neighbours=3)
    again.restore(RunDirectory.open(tmp_path / "run").within("part"), Known(space(["x"] * 5), 4, tfidf, 1))
    asked = Query(documents(["red apple", "blue", ""], tfidf))
    one, other = memory.propose(asked), again.propose(asked)
    for name in ("indptr", "labels", "values"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert again.idle is None


def test_an_index_of_another_encoder_is_refused(synonyms, tmp_path):
    memory, tfidf = small(TEXTS, LABELS, space(["x"] * 4), "memory", encoder=synonyms)
    with write_run(tmp_path / "run") as writer:
        memory.write(writer)
        arrays = {"index.rows": np.zeros((4, 2), np.float32), "label_indptr": np.arange(5), "labels": np.arange(4)}
        writer.arrays("memory.safetensors", arrays)
    with pytest.raises(ValueError, match="width"):
        source("memory", encoder=synonyms).restore(
            RunDirectory.open(tmp_path / "run"), Known(space(["x"] * 4), 4, tfidf, 1)
        )


def test_rows_of_features_leave_it_idle(synonyms, tmp_path):
    known, positives, labels, _, _ = world()
    bare = Documents(known.features)
    memory = source("memory", encoder=synonyms)
    memory.fit(memory.prepare(bare, stages=Stages()), positives, labels, stages=Stages())
    assert "texts" in memory.idle
    memory.extend(bare, positives, labels)
    assert len(memory.propose(Query(bare)).labels) == 0
    with write_run(tmp_path / "run") as writer:
        memory.write(writer)
    again = source("memory", encoder=synonyms)
    again.restore(RunDirectory.open(tmp_path / "run"), Known(labels, len(labels), None, bare.features.shape[1]))
    assert again.idle == memory.idle
    assert source("memory").idle is not None  # nothing learned yet


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("transformers", "unknown encoder 'transformers', did you mean 'transformer'"),
        ({"model": "x"}, "expected a kind of encoder"),
        ("transformer", "model: is required"),
        (
            {"kind": "transformer", "model": "x", "poling": "mean"},
            "poling: unknown key 'poling', did you mean 'pooling'",
        ),
        ({"kind": "transformer", "model": "x", "pooling": "max"}, "pooling: input should be 'mean' or 'first'"),
    ],
)
def test_a_wrong_configuration_is_explained(encoder, message):
    with pytest.raises(ConfigError) as caught:
        SOURCES.section("memory").parse({"encoder": encoder})
    assert message in str(caught.value)


def test_an_option_of_the_other_search_is_refused(synonyms):
    with pytest.raises(ConfigError, match="max_share is for TF-IDF"):
        SOURCES.section("memory").parse({"encoder": synonyms, "max_share": 0.5})


def test_a_dumped_configuration_is_the_same(synonyms):
    section = SOURCES.section("memory").parse({"encoder": synonyms})
    dumped = json.loads(section.model_dump_json())
    assert dumped["encoder"]["smoothing"] == 1e-3
    assert type(section).parse(dumped) == section
