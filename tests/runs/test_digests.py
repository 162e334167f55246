"""Digests recognise the same data in other formats and over other label spaces, and nothing else."""

import json

import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.data.feature_files import read_features
from manylabel.data.reading import convert
from manylabel.runs.digests import corpus_digest, label_space_digest, truth_digest

DOCUMENTS = [("one text", ["b", "a"]), ("two", []), ("three", ["c"])]


def corpus(documents=DOCUMENTS, space=None):
    texts, labels = zip(*documents, strict=True)
    return Corpus.from_texts(texts, labels, space=space)


def test_the_same_documents_in_another_format_and_label_space(data, tmp_path):
    convert(data / "test.jsonl", tmp_path / "test.csv")
    own = Corpus.read(data / "test.jsonl")
    larger = LabelSpace(["zzz", *reversed(own.labels.names), "000"])
    other = Corpus.read(tmp_path / "test.csv", labels=larger)
    assert corpus_digest(own) == corpus_digest(other)
    assert truth_digest(own) == truth_digest(other)


@pytest.mark.parametrize(
    "changed",
    [
        [("one text", ["b", "a"]), ("three", ["c"]), ("two", [])],
        [("one text", ["b", "a"]), ("two", ["c"]), ("three", [])],
        [("one text", ["b"]), ("two", ["a"]), ("three", ["c"])],
        [("one text", ["b", "x"]), ("two", []), ("three", ["c"])],
    ],
)
def test_other_labels_or_another_order_are_told_apart(changed):
    assert corpus_digest(corpus(changed)) != corpus_digest(corpus())
    assert truth_digest(corpus(changed)) != truth_digest(corpus())


def test_other_texts_have_the_same_truth():
    changed = [("one", ["b", "a"]), (" texttwo", []), ("three", ["c"])]
    assert corpus_digest(corpus(changed)) != corpus_digest(corpus())
    assert truth_digest(corpus(changed)) == truth_digest(corpus())


def test_feature_vectors_count_with_their_values(tmp_path):
    for name, value in (("a", "0.5"), ("b", "0.5"), ("c", "0.25")):
        (tmp_path / f"{name}.svm").write_text(f"0,2 1:{value} 3:1\n1 2:1\n")
    a, b, c = (corpus_digest(read_features(tmp_path / f"{name}.svm")) for name in "abc")
    assert a == b != c


def test_what_is_known_of_labels_counts_in_the_digest_of_the_space():
    plain = [{"label": "a"}, {"label": "b"}]
    spaces = [plain, plain[::-1], [{"label": "a", "text": "A"}, plain[1]], [{"label": "a", "parents": ["b"]}, plain[1]]]
    digests = {label_space_digest(LabelSpace.from_records(json.loads(json.dumps(records)))) for records in spaces}
    assert len(digests) == len(spaces)
