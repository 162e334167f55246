"""Label texts as training documents."""

from __future__ import annotations

import numpy as np

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.data.augment.label_texts import with_label_texts

SPACE = LabelSpace(
    ["a", "b", "c", "d"],
    texts=["Apples", None, "Cats", " "],
    alternatives=[("fruit", "Apples"), ("bees",), (), ()],
    counts=np.array([1, 1, 0, 0]),
    n_documents=2,
)


def test_labels_with_a_text_get_a_document():
    corpus = Corpus.from_texts(["one", "two"], [["a"], ["a", "b"]], space=SPACE)
    found = with_label_texts(corpus)
    assert found.texts == ["one", "two", "Apples, fruit", "Cats"]
    assert [found.labels_of(row) for row in range(4)] == [["a"], ["a", "b"], ["a"], ["c"]]
    assert found.labels is corpus.labels
    assert found.positives.dtype == bool
    assert found.positives.has_sorted_indices
    assert found.ids is None
    assert len(corpus) == 2


def test_ids_and_fields_go_on():
    corpus = Corpus(
        ["one"], Corpus.from_texts(["one"], [["b"]], space=SPACE).positives, SPACE, ["label:c"], {"year": ["1999"]}
    )
    found = with_label_texts(corpus)
    assert found.ids == ["label:c", "label:label:a", "label:label:c"]
    assert found.fields == {"year": ["1999", "", ""]}


def test_without_label_texts_the_corpus_stays():
    corpus = Corpus.from_texts(["one"], [["a"]])
    assert with_label_texts(corpus) is corpus
    blank = Corpus.from_texts(["one"], [["a"]], space=LabelSpace(["a"], texts=[""]))
    assert with_label_texts(blank) is blank


def test_a_corpus_without_documents():
    found = with_label_texts(Corpus.from_texts([], [], space=SPACE))
    assert found.texts == ["Apples, fruit", "Cats"]
    assert found.positives.toarray().tolist() == [[True, False, False, False], [False, False, True, False]]
