"""Corpora: which label gets which column, what happens to unknown ones, and mistakes with their line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus, Document
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace

LABEL_SETS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=6), max_size=6)


def documents(*label_sets, start=1):
    return [Document(f"text {i}", tuple(names), line=start + i) for i, names in enumerate(label_sets)]


@given(LABEL_SETS)
def test_labels_are_sorted_and_repeated_ones_count_once(label_sets):
    corpus = Corpus.from_documents(documents(*label_sets))
    assert list(corpus.labels.names) == sorted({name for names in label_sets for name in names})
    assert [corpus.labels_of(row) for row in range(len(corpus))] == [sorted(set(names)) for names in label_sets]
    assert corpus.positives.has_canonical_format
    assert corpus.positives.dtype == bool


@given(LABEL_SETS, st.lists(st.sampled_from("abcdefg"), unique=True))
def test_unseen_labels_stand_sorted_after_the_known_ones(label_sets, known):
    corpus = Corpus.from_documents(documents(*label_sets), labels=LabelSpace(known))
    unseen = {name for names in label_sets for name in names} - set(known)
    assert list(corpus.labels.names) == known + sorted(unseen)
    for row, names in enumerate(label_sets):
        assert sorted(corpus.labels_of(row)) == sorted(set(names))
        columns = corpus.positives.indices[corpus.positives.indptr[row] : corpus.positives.indptr[row + 1]]
        assert (np.diff(columns) > 0).all()


@given(LABEL_SETS, st.lists(st.sampled_from("abcdefg"), unique=True))
def test_dropped_labels_are_counted(label_sets, known):
    corpus = Corpus.from_documents(documents(*label_sets), labels=LabelSpace(known), unknown_labels="drop")
    assert list(corpus.labels.names) == known
    assert corpus.dropped_labels == sum(name not in known for names in label_sets for name in names)
    for row, names in enumerate(label_sets):
        assert sorted(corpus.labels_of(row)) == sorted(set(names) & set(known))


def test_a_closed_space_refuses_unknown_labels_unless_told_otherwise():
    closed = LabelSpace(["a"], closed=True)
    given_documents = documents("a", "ab", start=5)
    with pytest.raises(InputError, match=r"^train\.jsonl:6: label 'b' is not in the label file \(.*drop"):
        Corpus.from_documents(given_documents, labels=closed, source="train.jsonl")
    assert Corpus.from_documents(given_documents, labels=closed, unknown_labels="keep").n_labels == 2
    assert Corpus.from_documents(given_documents, labels=closed, unknown_labels="drop").n_labels == 1
    with pytest.raises(InputError, match="'b'"):
        Corpus.from_documents(given_documents, labels=LabelSpace(["a"]), unknown_labels="error")


def test_ids_are_all_or_none_and_distinct():
    def make(*ids):
        return Corpus.from_documents(
            [Document("t", id=name, line=i + 10) for i, name in enumerate(ids)], source="f.jsonl"
        )

    assert make("x", "y").ids == ["x", "y"]
    assert make("x", "y").id_of(1) == "y"
    assert make(None, None).ids is None
    assert make(None, None).id_of(1) == "1"
    with pytest.raises(InputError, match=r"^f\.jsonl:12: id 'x' occurs twice, first on line 10"):
        make("x", "y", "x")
    with pytest.raises(InputError, match="1 of 3 documents have no id"):
        make("x", None, "y")


def test_fields_belong_to_every_document():
    rows = [Document("s", fields={"group": "1"}), Document("t", fields={"group": "2"})]
    assert Corpus.from_documents(rows).fields == {"group": ["1", "2"]}
    with pytest.raises(InputError, match="1 of 3 documents have no field 'group'"):
        Corpus.from_documents([rows[0], Document("u"), rows[1]])


def test_empty_texts_and_documents_without_labels_are_counted():
    corpus = Corpus.from_texts(["a", "", " \n", "b"], [["x"], [], ["x"], []])
    assert len(corpus) == 4
    assert corpus.empty_texts == 2
    assert corpus.without_labels == 2
    nothing = Corpus.from_documents([])
    assert (len(nothing), nothing.n_labels, nothing.positives.shape) == (0, 0, (0, 0))


def test_texts_and_labels_must_be_what_they_look_like():
    with pytest.raises(InputError, match="2 texts but 1 label sets"):
        Corpus.from_texts(["a", "b"], [["x"]])
    with pytest.raises(InputError, match="document 1: labels is the string 'xyz'"):
        Corpus.from_texts(["a", "b"], [["x"], "xyz"])
    with pytest.raises(InputError, match="a single string"):
        Corpus.from_texts("ab", [["x"], ["y"]])
    with pytest.raises(InputError, match="label 7 is of type int, not a string"):
        Corpus.from_texts(["a", "b"], [["x"], [7]])


def test_select_takes_documents_in_the_order_asked_for():
    corpus = Corpus.from_documents(
        [Document(f"t{i}", ("abc"[i],), id=f"d{i}", fields={"g": str(i)}) for i in range(3)], source="f"
    )
    for rows in ([2, 0], np.array([2, 0])):
        chosen = corpus.select(rows)
        assert list(chosen.texts) == ["t2", "t0"]
        assert [chosen.labels_of(row) for row in range(2)] == [["c"], ["a"]]
        assert chosen.ids == ["d2", "d0"]
        assert chosen.fields == {"g": ["2", "0"]}
        assert chosen.labels is corpus.labels
        assert chosen.source == "f"
    assert list(corpus.select(np.array([True, False, True])).texts) == ["t0", "t2"]
    assert len(corpus.select([])) == 0


def test_the_digest_knows_texts_labels_and_order():
    def digest(texts, labels):
        return Corpus.from_texts(texts, labels).digest()

    base = digest(["a", "b"], [["x"], ["y"]])
    assert base == digest(["a", "b"], [("x", "x"), {"y"}])
    others = [
        digest(["b", "a"], [["x"], ["y"]]),
        digest(["a", "b"], [["y"], ["x"]]),
        digest(["ab", ""], [["x"], ["y"]]),
        digest(["a", "b"], [["x"], ["z"]]),
        digest(["a", "b"], [["x", "y"], []]),
        digest(["a", "\ud800"], [["x"], ["y"]]),
    ]
    assert len({base, *others}) == 7


def test_columns_must_fit():
    space, one = LabelSpace(["x"]), csr_matrix(np.ones((1, 1), dtype=bool))
    with pytest.raises(ValueError, match="label matrix"):
        Corpus(["a", "b"], one, space)
    with pytest.raises(ValueError, match="2 values of 'id'"):
        Corpus(["a"], one, space, ids=["1", "2"])
    with pytest.raises(ValueError, match="0 values of 'g'"):
        Corpus(["a"], one, space, fields={"g": []})
