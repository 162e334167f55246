"""What holds of every source, and what each one is for."""

import numpy as np
import pytest
from worlds import documents, fitted, of, query, small, source, space, world

from manylabel.combine import SOURCES
from manylabel.combine.source import Documents, Known, Query
from manylabel.core.run_directory import RunDirectory, write_run
from manylabel.core.stages import Stages

every_source = pytest.mark.parametrize("kind", list(SOURCES))


@every_source
def test_proposals_are_in_order(kind):
    proposals = fitted(kind).propose(query())
    n_labels = len(world()[2])
    assert len(proposals) == len(query().documents)
    assert proposals.labels.dtype == np.int32
    assert proposals.values.dtype == np.float32
    completes = fitted(kind).complete(query(), proposals.indptr, proposals.labels) is not None
    assert proposals.values.shape == (len(proposals.labels), 1 if completes else len(fitted(kind).columns))
    assert np.isfinite(proposals.values).all()
    assert ((proposals.labels >= 0) & (proposals.labels < n_labels)).all()
    for row in range(len(proposals)):
        part = slice(proposals.indptr[row], proposals.indptr[row + 1])
        assert (np.diff(proposals.values[part, 0]) <= 0).all()
        assert len(set(proposals.labels[part])) == proposals.indptr[row + 1] - proposals.indptr[row]
    assert len(proposals.labels) > 0


@every_source
def test_proposals_know_something(kind):
    """The true labels are among them far more often than by chance."""
    proposals, truth = fitted(kind).propose(query()), world()[4]
    hits = np.asarray(truth[proposals.rows, proposals.labels]).ravel().mean()
    assert hits > 1.3 * truth.mean()


@every_source
def test_single_documents_are_treated_as_in_company(kind):
    whole = fitted(kind).propose(query())
    for row in (0, 5):
        rows = np.array([row])
        earlier = {name: proposals.select(rows) for name, proposals in query().earlier.items()}
        alone = fitted(kind).propose(Query(query().documents.select(rows), earlier))
        assert of(alone, 0) == of(whole, row)


@every_source
def test_a_source_that_was_saved_is_the_same(kind, tmp_path):
    known, _, labels, _, _ = world()
    with write_run(tmp_path / "run") as writer:
        fitted(kind).write(writer.within("part"))
        writer.text("other.txt", "")
    again = source(kind)
    facts = Known(labels, len(labels), known.tfidf, known.features.shape[1])
    again.restore(RunDirectory.open(tmp_path / "run").within("part"), facts)
    one, other = fitted(kind).propose(query()), again.propose(query())
    for name in ("indptr", "labels", "values"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert again.idle == fitted(kind).idle


@every_source
def test_documents_without_words_and_no_documents(kind):
    tfidf = world()[0].tfidf
    for texts in ([""], ["", "zzz qqq"], []):
        asked = documents(texts, tfidf)
        earlier = {"tree": fitted("model").propose(Query(asked))}
        proposals = fitted(kind).propose(Query(asked, earlier))
        assert len(proposals) == len(texts)


@every_source
def test_what_it_knows_of_its_own_proposals_it_says_again_when_asked(kind):
    proposals = fitted(kind).propose(query())
    known = fitted(kind).complete(query(), proposals.indptr, proposals.labels)
    if known is not None:
        np.testing.assert_allclose(known[:, :1], proposals.values, atol=1e-6)
        assert known.shape == (len(proposals.labels), len(fitted(kind).columns))


def test_the_memory_votes_with_cosines():
    texts = ["red apple", "red apple pie", "blue sky"]
    memory, tfidf = small(
        texts, [[0], [0, 1], [2]], space(["x"] * 3), "memory", neighbours=2, sharpness=1.0, max_share=1.0
    )
    found = of(memory.propose(Query(documents(["red apple"], tfidf))), 0)
    cosine = float((tfidf.transform(["red apple"]) @ tfidf.transform(["red apple pie"]).T).toarray()[0, 0])
    assert list(found) == [0, 1]
    np.testing.assert_allclose(found[0], [1.0, 1.0, 2.0], atol=1e-5)
    np.testing.assert_allclose(found[1], [cosine / (1 + cosine), cosine, 1.0], atol=1e-5)


def test_in_training_the_memory_passes_over_twins():
    texts = ["red apple", "red apple pie", "blue sky"]
    memory, tfidf = small(texts, [[0], [1], [2]], space(["x"] * 3), "memory", max_share=1.0)
    asked = documents(["red apple"], tfidf)
    assert set(of(memory.propose(Query(asked, training=True)), 0)) == {1}


def test_label_text_finds_labels_without_documents():
    labels = space(["sailing boats", "cooking", None], alternatives=[(), ("kitchen work",), ()])
    text, tfidf = small(["boats and sailing", "kitchen and cooking work", "c"], [[1], [1], [1]], labels, "label-text")
    found = text.propose(Query(documents(["sailing boats on the sea", "work in the kitchen"], tfidf)))
    assert set(of(found, 0)) == {0}
    assert set(of(found, 1)) == {1}
    assert text.idle is None


def test_the_path_of_a_label_are_its_parents():
    labels = space(["animal", "dog", "poodle"], parents=[(), ("a",), ("b",)])
    text, tfidf = small(["animal", "dog", "poodle"], [[0], [1], [2]], labels, "label-text")
    values = text.complete(Query(documents(["animal"], tfidf)), np.array([0, 3]), np.array([0, 1, 2], np.int32))
    np.testing.assert_allclose(values[:, 0], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(values[:, 1], [0, 1, 0.5**0.5], atol=1e-6)


def test_labels_without_words_leave_the_label_text_idle():
    text, tfidf = small(["one two", "three"], [[0], [1]], space([None, None]), "label-text")
    assert "word" in text.idle
    assert len(text.propose(Query(documents(["one"], tfidf))).labels) == 0


def test_phrases_word_for_word_and_by_stems():
    labels = space(
        ["data processing", "dog", "processing", "data process"], alternatives=[(), ("hound", "dogs"), (), ()]
    )
    texts = ["the data processing of the dogs and the hounds", "that with the dog", "a hound of the processing"]
    texts += ["hounds", "hounds"]  # a word of one document alone has its stem looked up by nobody
    phrases, tfidf = small(texts, [[0], [1], [1], [], []], labels, "phrases")
    columns = phrases.columns
    found = of(phrases.propose(Query(documents(["Data processing by many hounds"], tfidf))), 0)
    assert list(found) == [0, 3, 1, 2] or list(found) == [0, 3, 2, 1]
    first = dict(zip(columns, found[0], strict=True))
    assert (first["score"], first["exact"], first["stemmed"], first["position"]) == (pytest.approx(2.1), 1, 0, 0)
    assert first["namesakes"] == 2  # "data process" has the same stems
    same_stems = dict(zip(columns, found[3], strict=True))
    assert (same_stems["exact"], same_stems["stemmed"]) == (0, 1)
    hound = dict(zip(columns, found[1], strict=True))
    assert (hound["exact"], hound["stemmed"], hound["position"]) == (0, 1, pytest.approx(0.8))
    # Five documents name the dog or the hound, two of them have the label.
    assert hound["usage"] == pytest.approx(2 / 7, abs=1e-5)


def test_phrases_without_stemming_and_of_few_words():
    labels = space(["dog", "a very long name of a label"])
    texts = ["the dogs of the dog", "with a very long name of a label"]
    phrases, tfidf = small(texts, [[0], [1]], labels, "phrases", stemming="none", words=3)
    asked = Query(documents(["dogs", "dog dog", "a very long name of a label"], tfidf))
    found = phrases.propose(asked)
    assert [len(of(found, row)) for row in range(3)] == [0, 1, 0]
    assert of(found, 1)[0][phrases.columns.index("exact")] == 2


def test_phrases_of_characters():
    labels = space(["北京", "上海"])
    phrases, tfidf = small(["我在北京工作生活", "上海是一个很大的城市"], [[0], [1]], labels, "phrases")
    assert set(of(phrases.propose(Query(documents(["他去了上海"], tfidf))), 0)) == {1}


def test_neighbours_are_company_and_kin():
    labels = space(["x"] * 5, parents=[(), ("a",), (), (), ()])
    near, tfidf = small(
        ["pp qq", "pp qq", "rr", "ss tt"], [[2, 3], [2, 3], [2], [0]], labels, "neighbours", smoothing=1.0
    )
    from manylabel.combine.proposals import Proposals

    earlier = {"tree": Proposals.from_lists(np.array([[2, 1]], np.int32), np.ones((1, 2, 1), np.float32))}
    asked = Query(documents(["pp"], tfidf), earlier)
    proposals = near.propose(asked)
    known = near.complete(asked, proposals.indptr, proposals.labels)
    found = of(Proposals(proposals.indptr, proposals.labels, known), 0)
    # Label 2 weighs 1 and stood with label 3 in two of three documents; label 1 weighs a half and is a child of 0.
    np.testing.assert_allclose(found[3], [2 / 4, 2 / 4, 0, 0], atol=1e-5)
    np.testing.assert_allclose(found[0], [0.5, 0, 0.5, 0], atol=1e-5)
    assert set(found) == {0, 3}
    lonely, tfidf = small(["pp", "qq"], [[0], [1]], space(["x", "x"]), "neighbours")
    assert "two labels" in lonely.idle


def test_rows_of_features_leave_the_texts_idle():
    known, positives, labels, _, _ = world()
    bare = Documents(known.features)
    for kind in ("label-text", "phrases"):
        learned = source(kind).fit(bare, positives, labels, stages=Stages())
        assert learned.idle
        assert len(learned.propose(Query(bare)).labels) == 0
