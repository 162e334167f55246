"""Explanations: exact where the model is linear, by occlusion elsewhere, told in the words of the text."""

import model_cases as cases
import numpy as np
import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.models import MODELS
from manylabel.models.base import Model
from manylabel.models.explanation import Explanation, LabelExplanation, Step
from manylabel.models.occlusion import explain_by_occlusion

ANALYSERS = [
    {},
    {"ngram_range": (1, 2), "sublinear_tf": True},
    {"analyzer": "char", "ngram_range": (1, 3)},
    {"analyzer": "char_wb", "ngram_range": (2, 4), "strip_accents": "unicode"},
]


@pytest.fixture(scope="module")
def fitted():
    known = {}

    def make(case, **options):
        key = (case, str(options))
        if key not in known:
            known[key] = cases.make(case, **options).fit(cases.corpora()[0])
        return known[key]

    return make


@pytest.mark.parametrize("features", ANALYSERS, ids=str)
def test_contributions_and_bias_make_the_margin(fitted, features):
    model = fitted("linear-ovr", features=features)
    texts = cases.corpora()[1].texts[:5]
    best = model.predict(texts, 4)
    for row, explanation in enumerate(model.explain(texts, 4)):
        assert explanation.method == "weights"
        assert [label.label for label in explanation.labels] == best.indices[row].tolist()
        for place, label in enumerate(explanation.labels):
            (step,) = label.steps
            assert step.total == pytest.approx(best.scores[row, place], abs=1e-5)
            assert label.score == best.scores[row, place]
            assert np.abs(label.values).sum() > 0


def test_margins_of_the_logistic_loss_are_log_odds(fitted):
    model = fitted("linear-ovr, logistic")
    text = cases.corpora()[1].texts[0]
    best = model.explain([text], 3)[0]
    for label in best.labels:
        assert 1 / (1 + np.exp(-label.steps[0].total)) == pytest.approx(label.score, abs=1e-5)
    # A label beyond the best has its score from its margin.
    last = model.predict([text], 40).indices[0, -1]
    (asked,) = model.explain([text], 3, [model.labels.names[last]])[0].labels
    assert asked.score == pytest.approx(model.predict([text], 40).scores[0, -1], abs=1e-5)


@pytest.mark.parametrize("case", ["linear-tree", "linear-tree of three", "linear-tree, all else"])
def test_steps_down_a_tree_make_the_probability(fitted, case):
    """The score that a path's margins make is the score of a search that keeps every node."""
    model = fitted(case)
    text = cases.corpora()[1].texts[1]
    everything = model.predict([text], 60, beam_width=1000)
    names = [model.labels.names[i] for i in everything.indices[0].tolist() if i >= 0]
    explanation = model.explain([text], 1, names)[0]
    expected = dict(zip(everything.indices[0].tolist(), everything.scores[0].tolist(), strict=True))
    for label in explanation.labels:
        assert label.score == pytest.approx(expected[label.label], rel=1e-3, abs=1e-6)
    assert {tuple(step.name for step in label.steps) for label in explanation.labels} == {("path", "label")}


def test_a_tree_of_one_level_has_no_path():
    model = cases.make("linear-tree", tree={"leaf_size": 100}).fit(cases.corpora()[0])
    (step,) = model.explain(["word"], 1)[0].labels[0].steps
    assert step.name == "label"


def corpus_of_colours():
    """Labels that hang on a word each; the rest is noise."""
    texts = [f"A {colour} thing number {i} stands here" for i in range(20) for colour in ("red", "Blue", "green")]
    labels = [[colour] for _ in range(20) for colour in ("red", "blue", "green")]
    return Corpus.from_texts(texts, labels, space=LabelSpace(["red", "blue", "green"]))


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_every_model_names_the_word_that_decides(kind):
    options = next((cases.CASES[case] for case in cases.CASES if case.partition(",")[0] == kind), {})
    if kind in cases.NEURAL:
        train = {"epochs": 20, "batch_size": 8, "learning_rate": 0.02}
        options = {"encoder": {"kind": "bag", "embeddings": {"width": 32}, "min_count": 1}, "train": train}
    model = MODELS.load(kind)(**options).fit(corpus_of_colours())
    explanation = model.explain(["Is it RED or white?", ""], 1)[0]
    assert explanation.labels[0].name == "red"
    speaking, _ = explanation.words(explanation.labels[0].values)
    assert speaking[0].text == "RED"
    assert explanation.to_dict()["labels"][0]["label"] == "red"


@pytest.mark.parametrize("kind", sorted(set(MODELS) - cases.NEURAL))
def test_models_of_features_have_no_words(kind):
    options = next((cases.CASES[case] for case in cases.CASES if case.partition(",")[0] == kind), {})
    model = MODELS.load(kind)(**options).fit(cases.feature_corpora()[0])
    with pytest.raises(InputError, match="feature vectors"):
        model.explain(["a text"])


def test_labels_by_name_or_text_and_those_that_are_not_there(fitted):
    model = fitted("linear-ovr")
    space = model.labels
    text = cases.corpora()[1].texts[0]
    by_name, by_text = model.explain([text], 1, [space.names[3]]), model.explain([text], 1, [space.texts[3]])
    assert by_name[0].labels[0].label == by_text[0].labels[0].label == 3
    with pytest.raises(InputError, match="unknown label 'no such label'"):
        model.explain([text], 1, ["no such label"])
    with pytest.raises(InputError, match="single string"):
        model.explain("a text")


@pytest.mark.parametrize("kind", ["linear-ovr", "linear-tree"])
def test_a_label_without_training_documents_cannot_be_explained(kind):
    corpus = corpus_of_colours()
    space = LabelSpace([*corpus.labels.names, "unused"])
    model = MODELS.load(kind)().fit(
        Corpus.from_texts(corpus.texts, [corpus.labels_of(i) for i in range(60)], space=space)
    )
    with pytest.raises(InputError, match="'unused' had no training documents"):
        model.explain(["red"], 1, ["unused"])


# -- occlusion ------------------------------------------------------------------------------------------------------


class Counting(Model):
    """Scores are known sums over words, so that what a word is worth is known; counts its calls."""

    kind = "linear-ovr"

    def __init__(self, worth, score_kind="margin"):
        super().__init__()
        self.worth, self.score_kind, self.texts = worth, score_kind, 0
        self._labels = LabelSpace(["first", "second"])

    def fit(self, corpus, *, stages=None, progress=None):
        return self

    def predict(self, inputs, k=10):
        self.texts += len(inputs)
        first = np.array([sum(self.worth.get(word, 0) for word in set(text.split())) for text in inputs], np.float32)
        scores = np.stack([first, np.full(len(inputs), -5, np.float32)], axis=1)[:, :k]
        indices = np.tile(np.array([0, 1], np.int32), (len(inputs), 1))[:, :k]
        return TopK(indices, scores, self.score_kind, self._labels)

    def estimate(self, corpus):
        raise AssertionError

    def write(self, writer):
        raise AssertionError

    def restore(self, run):
        raise AssertionError


def test_occlusion_finds_what_a_word_is_worth():
    explanation = explain_by_occlusion(Counting({"fish": 2.0, "milk": -0.5}), "fish and milk and fish", 1, None)
    speaking, against = explanation.words(explanation.labels[0].values)
    assert [(word.text, word.value, word.count) for word in speaking] == [("fish", 2.0, 2)]
    assert [(word.text, word.value, word.count) for word in against] == [("milk", -0.5, 1)]
    assert explanation.labels[0].score == 1.5
    assert "left out" in explanation.note


def test_occlusion_of_a_long_text_is_bounded_and_still_finds_the_word():
    words = [f"w{i}" for i in range(3000)]
    words[1700] = "fish"
    model = Counting({"fish": 2.0})
    explanation = explain_by_occlusion(model, " ".join(words), 1, None)
    assert model.texts <= 401
    speaking, _ = explanation.words(explanation.labels[0].values, 1)
    assert (speaking[0].text, speaking[0].value) == ("fish", 2.0)
    assert "15 at a time" in explanation.note


def test_occlusion_refuses_a_label_that_is_not_listed():
    model = Counting({"a": 1.0})
    model._labels = LabelSpace(["first", "second", "third"])
    assert len(explain_by_occlusion(model, "a", 2, [1, 0]).labels) == 2
    with pytest.raises(InputError, match="'third' is not among the candidates"):
        explain_by_occlusion(model, "a", 1, [2])


def test_a_label_that_falls_out_of_the_list_has_lost_all_its_score():
    class Short(Counting):
        def predict(self, inputs, k=10):
            topk = super().predict(inputs, k)
            gone = topk.scores[:, 0] == 0
            topk.indices[gone, 0], topk.scores[gone, 0] = 1, 0.3
            topk.indices[gone, 1], topk.scores[gone, 1] = -1, -np.inf
            return topk

    explanation = explain_by_occlusion(Short({"fish": 0.75}, "probability"), "fish milk", 1, None)
    assert explanation.labels[0].values.tolist() == [0.75, 0.0]


def test_redundant_words_decide_nothing_alone():
    class Redundant(Counting):
        def predict(self, inputs, k=10):
            topk = super().predict(inputs, k)
            topk.scores[:, 0] = np.minimum(topk.scores[:, 0], 1)
            return topk

    model = Redundant({"fish": 1.0, "milk": 1.0})
    both, one = (explain_by_occlusion(model, text, 1, None) for text in ("fish milk", "fish water"))
    assert both.undecided(both.labels[0])
    assert not one.undecided(one.labels[0])


# -- words ----------------------------------------------------------------------------------------------------------


def explained(text, units, values):
    values = np.array(values, float)
    return Explanation(text, units, "weights", "", "margin", (LabelExplanation(0, "x", 1.0, (Step("label", values),)),))


def test_repetitions_count_together_and_punctuation_is_no_word():
    text = "Fish, fish -- fish!"
    explanation = explained(text, [(0, 5), (6, 10), (11, 13), (14, 19)], [1.0, 2.0, 9.0, -0.5])
    speaking, against = explanation.words(explanation.labels[0].values)
    assert [(word.text, word.value, word.count) for word in speaking] == [("Fish", 2.5, 3)]
    assert against == []


def test_strong_neighbours_of_unspaced_scripts_are_told_together():
    text = "发生地震"
    explanation = explained(text, [(0, 1), (1, 2), (2, 3), (3, 4)], [0.1, -0.8, 1.0, 0.9])
    speaking, against = explanation.words(explanation.labels[0].values)
    assert [(word.text, pytest.approx(word.value)) for word in speaking] == [("地震", 1.9), ("发", 0.1)]
    assert [word.text for word in against] == ["生"]
