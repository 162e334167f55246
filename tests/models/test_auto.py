"""What `auto` chooses, and that the choice is an ordinary model."""

import pytest
from model_cases import corpora, feature_corpora, same

from manylabel import Auto, load
from manylabel.core.corpus import Corpus
from manylabel.core.errors import NotFittedError
from manylabel.models.auto import choose
from manylabel.models.fused import Fused


def test_a_fused_model_around_one_versus_rest_where_that_is_quick():
    choice = choose(corpora()[0])
    assert choice.model.kind == "fused"
    first = next(iter(choice.model.config.in_use.values()))
    assert first.model.kind == "linear-ovr"
    assert "documents with labels" in choice.reasons[0]
    assert "features of words" in choice.reasons[1]
    assert "the most accurate" in choice.reasons[2]


def test_a_tree_where_one_versus_rest_takes_long(monkeypatch):
    monkeypatch.setattr("manylabel.models.auto._PATIENCE", 0.0)
    first = next(iter(choose(corpora()[0]).model.config.in_use.values()))
    assert first.model.kind == "linear-tree"


def test_a_linear_model_alone_where_memory_is_short_or_documents_are_few():
    short = choose(corpora()[0], memory=1_000_000)
    assert short.model.kind == "linear-ovr"
    assert "of memory" in short.reasons[-1]
    few = choose(Corpus.from_texts(["aa bb", "cc dd"] * 10, [["x"], ["y"]] * 10))
    assert few.model.kind == "linear-ovr"
    assert "too few" in few.reasons[-1]


def test_rows_of_features():
    choice = choose(feature_corpora()[0])
    assert choice.model.kind == "fused"
    assert "cannot help" in choice.reasons[0]


def test_texts_without_spaces():
    corpus = Corpus.from_texts(["我在北京工作生活", "上海是一个很大的城市"] * 5, [["x"], ["y"]] * 5)
    assert "two characters" in choose(corpus).reasons[1]


def test_what_is_saved_is_the_choice(tmp_path):
    train, test = corpora()
    model = Auto().fit(train)
    model.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert isinstance(again, Fused)
    assert same(again.predict(test.texts, 5), model.predict(test.texts, 5))
    with pytest.raises(NotFittedError):
        Auto().save(tmp_path / "other")
