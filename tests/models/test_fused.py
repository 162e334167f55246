"""What is particular to `fused`; what holds of every model is tested with the others."""

import numpy as np
import pytest
from model_cases import corpora, make

from manylabel import evaluate, load
from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.models.fused import Fused


@pytest.fixture(scope="module")
def model():
    return make("fused", ablation=True, folds=3).fit(corpora()[0])


def test_ranks_better_than_its_tree(model):
    train, test = corpora()
    alone = make("linear-tree").fit(train)
    ours, its = (evaluate(m.predict(test.texts, 10), test, n_bootstrap=0).values for m in (model, alone))
    assert ours["P@1"] > its["P@1"]
    assert ours["PSP@5"] > its["PSP@5"]


def test_probabilities_are_calibrated(model):
    _, test = corpora()
    top = model.predict(test.texts, 10)
    truth = test.positives.toarray()
    present = top.indices >= 0
    rows = np.repeat(np.arange(len(top)), present.sum(axis=1))
    right = truth[rows, top.indices[present]]
    assert abs(top.scores[present].mean() - right.mean()) < 0.1
    assert model.facts["calibration_error"] < 0.1


def test_says_what_each_source_adds(model, tmp_path):
    sources = model.facts["sources"]
    assert list(sources) == ["all", "linear", "memory", "label-text", "phrases", "neighbours"]
    assert 0 < sources["memory"]["finds"] <= sources["all"]["finds"] <= 1
    for name in ("linear", "memory", "label-text", "neighbours"):
        assert 0 < sources[name]["alone"]["P@1"] <= 1
        assert {"P@1", "P@5", "PSP@5"} <= set(sources[name]["without"])
    model.save(tmp_path / "run")
    assert load(tmp_path / "run").facts == model.facts


@pytest.mark.parametrize("left_out", ["linear", "memory", "label-text", "phrases", "neighbours"])
def test_any_source_can_be_left_out(left_out):
    train, test = corpora()
    model = make("fused", sources={left_out: None}).fit(train)
    assert model.predict(test.texts[:3], 5).indices[0, 0] >= 0
    assert "sources" not in model.facts


def test_labels_without_any_text_leave_a_source_idle():
    train, test = corpora()
    names = [f"n{i}" for i in range(train.n_labels)]
    bare = Corpus(train.texts, train.positives, LabelSpace(names))
    model = make("fused", ablation=True).fit(bare)
    assert "word" in model.facts["sources"]["label-text"]["idle"]
    top = model.predict(test.texts, 5)
    assert (top.indices[:, 0] >= 0).mean() > 0.9


def test_equal_documents_with_different_labels_and_labels_of_one_document():
    texts = [f"word{i % 6} thing{i % 4}" for i in range(24)]
    labels = [[f"l{i}"] for i in range(24)]  # every label vanishes from the training of its fold
    corpus = Corpus.from_texts([*texts, texts[0]], [*labels, ["another"]])
    model = make("fused", folds=3).fit(corpus)
    top = model.predict([texts[0]], 30)
    top.validate(corpus.n_labels)
    assert len(top.indices[top.indices >= 0]) > 0


def test_where_there_is_nothing_to_learn_from_the_sources_ranks_are_fused(tmp_path):
    texts = [f"word{i} thing{i} all" for i in range(40)]
    corpus = Corpus.from_texts(texts, [[f"l{i:02}"] for i in range(40)])
    model = make("fused", folds=4).fit(corpus)
    assert model.facts["ranker"]["kind"] == "reciprocal"
    top = model.predict(texts, 5)
    assert (top.indices[:, 0] == np.arange(40)).mean() > 0.9
    model.save(tmp_path / "run")
    assert load(tmp_path / "run").predict(texts, 5).scores.tobytes() == top.scores.tobytes()


def test_too_few_documents():
    with pytest.raises(InputError, match="two different documents"):
        make("fused").fit(Corpus.from_texts(["a text", "a text", "b text"], [["x"], ["x"], []]))


@pytest.mark.parametrize("ranker", ["listwise", "logistic"])
def test_other_rankers(ranker, tmp_path):
    train, test = corpora()
    model = make("fused", ranker=ranker).fit(train)
    top = model.predict(test.texts, 10)
    assert 0 <= top.scores[top.indices >= 0].min() <= top.scores.max() <= 1
    assert evaluate(top, test, n_bootstrap=0).values["P@1"] > 0.3
    model.save(tmp_path / "run")
    again = load(tmp_path / "run").predict(test.texts, 10)
    assert again.scores.tobytes() == top.scores.tobytes()


def test_rare_labels_can_weigh_more():
    train, test = corpora()
    plain, rare = (make("fused", rare_weight=weight).fit(train) for weight in (0.0, 1.0))
    one, other = (m.predict(test.texts, 10) for m in (plain, rare))
    counts = train.positives.sum(axis=0).A1

    def mean_count(top):
        first = top.indices[:, :3]
        return counts[first[first >= 0]].mean()

    assert mean_count(other) < mean_count(one)
    assert abs(other.scores[other.indices >= 0].mean() - one.scores[one.indices >= 0].mean()) < 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sources": {"memory": {"neighbors": 3}}}, r"memory\.neighbors: unknown key"),
        ({"sources": {"other": {"kind": "nope"}}}, "unknown source"),
        ({"sources": {"linear": {"model": {"kind": "linear-tree", "features": {"min_df": 2}}}}}, "features"),
        (
            {"sources": {"linear": None, "memory": None, "label-text": None, "phrases": None}},
            "cannot be of kind neighbours",
        ),
        (
            {"sources": dict.fromkeys(("linear", "memory", "label-text", "phrases", "neighbours"))},
            "all sources are left out",
        ),
        ({"ranker": "bosted"}, "did you mean 'boosted'"),
        ({"sources": {"a b": "memory"}}, "the name of a source"),
    ],
)
def test_a_wrong_configuration_is_explained(options, message):
    with pytest.raises(ConfigError, match=message):
        Fused(**options)


def test_a_dumped_configuration_is_the_same():
    model = make("fused", sources={"memory": None, "more": {"kind": "model", "model": "linear-ovr"}})
    again = type(model.config).parse(model.config.model_dump(mode="json"))
    assert again == model.config
    assert list(model.config.in_use) == ["linear", "label-text", "phrases", "neighbours", "more"]
