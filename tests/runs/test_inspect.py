"""Looking at data end to end: parts are read and joined, models asked, notes say what was left out."""

import json

import numpy as np
import pytest

import manylabel
from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.data.generate import GeneratorConfig, write_generated
from manylabel.data.inspect.options import InspectOptions
from manylabel.runs.data_config import DataConfig
from manylabel.runs.inspect import inspect, inspect_files


def topics(n, seed, label_of=lambda topic: [f"topic {topic}"]):
    """Texts of one of four topics that a model tells apart without fail."""
    chance = np.random.default_rng(seed)
    chosen = chance.integers(0, 4, n)
    words = [[f"{'abcd'[t]}{chr(97 + i)}{chr(97 + j)}" for i in range(4) for j in range(8)] for t in range(4)]
    texts = [" ".join(chance.choice(words[topic], 12)) for topic in chosen]
    return texts, [label_of(topic) for topic in chosen]


@pytest.mark.parametrize(("every", "share"), [(60, 0.9), (8, 0.6)])
def test_labels_taken_away_are_found_by_models_that_are_really_trained(every, share):
    """Also where so many are missing that no answer is given more often than in seven of eight cases."""
    texts, labels = topics(600, 0)
    planted = set(range(0, 600, every))
    labels = [["other"] if row in planted else own for row, own in enumerate(labels)]
    found = inspect(Corpus.from_texts(texts, labels), examples=1000)
    missing = next(item for item in found.findings if item.rule == "missing-labels")
    rows = {int(example["documents"][0]["id"]) for example in missing.examples}
    assert len(rows & planted) >= share * len(planted)
    assert len(rows - planted) <= 0.1 * len(planted)
    assert missing.evidence["documents_looked_at"] == 600


def test_nothing_is_missing_where_nothing_was_taken_away():
    found = inspect(Corpus.from_texts(*topics(600, 0)))
    assert [item.what for item in found.findings if item.rule == "missing-labels"] == []


def test_a_large_corpus_is_sampled_and_the_note_says_so():
    found = inspect(Corpus.from_texts(*topics(600, 0)), model_documents=200)
    assert any("200 of 600" in note for note in found.notes)
    assert any("model_documents is 0" in note for note in inspect(found_corpus(), model_documents=0).notes)


def found_corpus():
    return Corpus.from_texts(["a b c", "b c d", "c d e"], [["x"], ["y"], ["x"]])


def test_a_corpus_too_small_for_folds_is_looked_at_all_the_same():
    found = inspect(Corpus.from_texts(["a", "b"], [["x"], ["y"]]))
    assert any("too few for 3 folds" in note for note in found.notes)
    assert found.statistics.parts["train"].documents == 2


def test_equal_seeds_give_equal_results():
    corpus = Corpus.from_texts(*topics(300, 1))
    assert inspect(corpus, seed=3).to_dict() == inspect(corpus, seed=3).to_dict()


def test_parts_are_read_as_training_reads_them(tmp_path):
    write_generated(GeneratorConfig(documents=300, labels=20, words_per_document=15.0, test_share=0.3), tmp_path)
    data = DataConfig(
        train=str(tmp_path / "train.jsonl"), test=str(tmp_path / "test.jsonl"), labels=str(tmp_path / "labels.jsonl")
    )
    found = inspect_files(data, str(tmp_path / "test.jsonl"), InspectOptions(skip=("missing-labels",)))
    assert list(found.sources) == ["train", "validation", "test"]
    shared = [item for item in found.findings if item.rule == "duplicates-across-parts"]
    assert ["validation", "test"] in [item.evidence["parts"] for item in shared]
    assert shared[0].severity == "serious"
    assert list(json.loads(json.dumps(found.to_dict()))["statistics"]["parts"]) == ["train", "validation", "test"]
    assert "validation" in found.table().splitlines()[0]


def test_it_is_a_function_of_the_package():
    assert manylabel.inspect is inspect


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"train": Corpus.from_texts([], [])}, "no documents"),
        ({"train": Corpus.from_texts(["a"], [[]])}, "no document has a label"),
        ({"train": ["a"]}, "expected a Corpus"),
        ({"train": found_corpus(), "test": Corpus.from_texts([], [])}, "test has no documents"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(parts, word):
    with pytest.raises(InputError, match=word):
        inspect(parts.pop("train"), **parts)


def test_feature_vectors_are_refused(tmp_path):
    (tmp_path / "train.svm").write_text("0 1:1.0\n1 2:1.0\n")
    with pytest.raises(ConfigError, match="only texts can be inspected"):
        inspect_files(DataConfig(train=str(tmp_path / "train.svm")), None, InspectOptions())


def test_unknown_options_are_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="similarity"):
        inspect(found_corpus(), similarty=0.9)
