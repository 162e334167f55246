"""The facts: counted by hand on a corpus of four documents."""

import json

import numpy as np
import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.data.inspect import RULES
from manylabel.data.inspect.inspected import Inspected, excerpt
from manylabel.data.inspect.options import InspectOptions
from manylabel.data.inspect.statistics import describe_parts
from manylabel.data.inspect.table import facts_table, findings_text
from manylabel.data.inspect.wording import counted, listed, share, verb

SPACE = LabelSpace(["a", "b", "c", "unused"])


@pytest.fixture
def statistics():
    train = Corpus.from_texts(
        ["one two three", "one two three", "four", ""], [["a", "b"], ["a"], ["b", "a"], ["c"]], space=SPACE
    )
    test = Corpus.from_texts(["five six"], [["z"]], space=train.labels)
    return describe_parts(Inspected.of({"train": train, "test": test}, InspectOptions(cuts=(2, 3))))


def test_the_facts_of_a_part(statistics):
    train = statistics.parts["train"]
    assert (train.documents, train.labels, train.label_pairs, train.label_sets) == (4, 3, 6, 3)
    assert (train.empty_texts, train.without_labels, train.repeated_texts) == (1, 0, 1)
    assert (train.words.mean, train.words.median, train.words.largest) == (1.75, 2.0, 3)
    assert train.characters.largest == len("one two three")
    assert (train.sizes.edges, train.sizes.documents) == ((0, 1, 2, 3), (0, 2, 2))
    assert sum(train.lengths.documents) == 4
    assert statistics.parts["test"].lengths.edges == train.lengths.edges


def test_the_facts_of_the_labels(statistics):
    labels = statistics.labels
    assert (labels.space, labels.used, labels.most, labels.median) == (5, 3, 3, 2.0)
    assert labels.mean_imbalance == pytest.approx((3 / 3 + 3 / 2 + 3 / 1) / 3)
    assert labels.largest_imbalance == 3
    assert {name: group.labels for name, group in labels.groups.items()} == {
        "head": 1,
        "torso": 1,
        "tail": 1,
        "unseen": 2,
    }
    assert labels.groups["head"].share_of_pairs == {"train": 0.5, "test": 0.0}
    assert labels.groups["unseen"].share_of_pairs == {"train": 0.0, "test": 1.0}
    assert labels.curve == ((1, 3), (2, 2), (3, 1))


def test_labels_together(statistics):
    together = statistics.together
    assert [(pair.labels, pair.documents, pair.jaccard) for pair in together.most_frequent] == [
        (("a", "b"), 2, pytest.approx(2 / 3))
    ]
    assert together.labels == ("a", "b", "c")
    np.testing.assert_allclose(together.matrix, [[1, 2 / 3, 0], [1, 1, 0], [0, 0, 1]])


def test_facts_are_ready_for_json_and_for_a_terminal(statistics):
    assert json.loads(json.dumps(statistics.to_dict()))["parts"]["train"]["documents"] == 4
    table = facts_table(statistics)
    assert "documents" in table
    assert "a + b (2)" in table
    assert "No findings." in findings_text(())


def test_label_spaces_of_parts_are_joined_by_name():
    train = Corpus.from_texts(["x"], [["b", "c"]])
    other = Corpus.from_texts(["y", "z"], [["c", "a"], ["b"]])
    inspected = Inspected.of({"train": train, "test": other})
    assert list(inspected.labels.names) == ["b", "c", "a"]
    assert [inspected.parts["test"].labels_of(row) for row in (0, 1)] == [["c", "a"], ["b"]]
    assert inspected.counts["test"].tolist() == [1, 1, 1]
    assert inspected.record(1)["part"] == "test"
    with pytest.raises(ValueError, match="train"):
        Inspected.of({"test": other})


def test_numbers_in_sentences():
    assert [counted(1, "label"), counted(2000, "label")] == ["1 label", "2,000 labels"]
    assert [share(0), share(1), share(0.0004), share(0.9999), share(1, 8), share(1, 0)] == [
        "0 %",
        "100 %",
        "under 0.1 %",
        "over 99.9 %",
        "12.5 %",
        "0 %",
    ]
    assert [verb(1, "has", "have"), verb(0, "has", "have")] == ["has", "have"]
    assert [listed(["a", "b"]), listed(list("abcdefg"))] == ["a, b", "a, b, c, d and 3 more"]
    assert [excerpt(" a\n b "), len(excerpt("word " * 100))] == ["a b", 90]


def test_where_characters_stand_for_words_lengths_are_told_once():
    texts = ["欧盟委员会今天宣布新的规则", "完全不同的一句话在这里面", "..", ""]
    inspected = Inspected.of({"train": Corpus.from_texts(texts, [["a"], ["b"], ["a"], ["b"]])})
    statistics = describe_parts(inspected)
    assert statistics.word == "character"
    assert statistics.parts["train"].words.largest == len(texts[0])
    assert facts_table(statistics).count("per text, mean") == 1
    assert [item.evidence["documents"] for item in RULES.load("empty-texts")(inspected)] == [2]
