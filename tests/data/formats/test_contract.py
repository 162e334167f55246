"""Every format of the table: what it can hold reads back as written, what it cannot hold it refuses while writing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from manylabel.core.corpus import Corpus, Document
from manylabel.core.errors import InputError
from manylabel.data.formats import FORMATS, LABEL_FORMATS
from manylabel.data.formats.base import Format, LabelFormat, ReadOptions, WriteOptions
from manylabel.data.reading import read_documents, read_texts, write_documents

LIBRARIES = {"parquet": "pyarrow", "hub": "datasets"}
ENDINGS = {
    "jsonl": "d.jsonl",
    "csv": "d.csv",
    "parquet": "d.parquet",
    "libmultilabel": "d.txt",
    "svmlight": "d.svm",
    "xmc_repository": "d",
    "pecos": "d",
    "hub": "d",
    "text": "d.txt",
}
UNQUOTED = {"libmultilabel", "pecos", "text"}  # a text stands bare on a line

ODD = st.sampled_from(
    ["\n", "\r", "\t", '"', "'", ",", "|", ":", "\0", "\ufeff", "\u2028", "\x85", "😀", "שלום", "\\", " "]
)
TEXTS = st.lists(st.one_of(ODD, st.text(st.characters(exclude_categories=["Cs"]), max_size=4)), max_size=6).map("".join)
NAMES = TEXTS.filter(bool)
DOCUMENTS = st.lists(st.tuples(TEXTS, st.lists(NAMES, max_size=3, unique=True)), min_size=1, max_size=4)


def skip_without_library(name: str) -> None:
    if name in LIBRARIES and importlib.util.find_spec(LIBRARIES[name]) is None:
        pytest.skip(f"needs {LIBRARIES[name]}")


def can_hold(name: str, documents: list[Document]) -> bool:
    """What each format is able to keep: the same facts as its documentation states, written down a second time."""
    if name == "svmlight":
        return False
    labels = [label for document in documents for label in document.labels]
    cells = [document.text for document in documents] + labels + [document.id or "" for document in documents]
    if name == "csv":
        stripped = all(label == label.strip() and "|" not in label for label in labels)
        return stripped and not any("\0" in cell for cell in cells) and all(d.id != "" for d in documents)
    if name in UNQUOTED and any("\n" in d.text or "\r" in d.text for d in documents):
        return False
    if name == "pecos":
        first = next(iter(labels), "")
        clean = not any("\n" in label or "\r" in label for label in labels)
        return clean and not documents[0].text.startswith("\ufeff") and not first.startswith("\ufeff")
    if name == "text":
        return not labels and not documents[0].text.startswith("\ufeff")
    if name == "libmultilabel":
        first = documents[0].id if documents[0].id is not None else " ".join(documents[0].labels) + "\t"
        bare = all(label.split() == [label] for label in labels)
        return (
            bare and not any("\t" in cell or "\n" in cell or "\r" in cell for cell in cells) and first[:1] != "\ufeff"
        )
    return True


def read_back(name: str, path: Path) -> list[Document]:
    labels = {"labels_field": None} if name == "text" else {}
    return list(read_documents(path, name, **labels))


def same(read: list[Document], written: list[Document]) -> bool:
    return [(d.text, set(d.labels), d.id) for d in read] == [(d.text, set(d.labels), d.id) for d in written]


def check_round_trip(name: str, documents: list[Document], path: Path) -> None:
    if can_hold(name, documents):
        write_documents(documents, path, name)
        assert same(read_back(name, path), documents)
    else:
        with pytest.raises(InputError) as caught:
            write_documents(documents, path, name)
        assert str(path) in str(caught.value)
        assert "(" in str(caught.value), "no remedy"
        assert not path.exists(), "something was left behind"
    leftovers = [file for file in path.parent.rglob("*") if file.name.endswith(".tmp")]
    assert not leftovers


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=DOCUMENTS, ids=st.booleans())
@example(drawn=[("a\tb", ["x"])], ids=False)
@example(drawn=[("", [])], ids=False)
@example(drawn=[("\ufefftext", [])], ids=False)
@example(drawn=[("\ufefftext", ["\ufefflabel"])], ids=False)
@example(drawn=[("\0", ["la bel", "la,bel", "la:bel", "la|bel"])], ids=False)
@example(drawn=[("NaN", ["NaN", "NA", "null", "None", "nan", "true", "1"])], ids=False)
@example(drawn=[("null", []), ("NA", ["0"])], ids=False)
@example(drawn=[("plain words", [])], ids=False)
def test_round_trip(name, drawn, ids, tmp_path_factory):
    skip_without_library(name)
    keeps_ids = ids and name not in ("pecos", "text")
    documents = [
        Document(text, tuple(labels), f"d {i}" if keeps_ids else None) for i, (text, labels) in enumerate(drawn)
    ]
    check_round_trip(name, documents, tmp_path_factory.mktemp("c") / ENDINGS[name])


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "svmlight"])
def test_megabyte_line_and_many_labels(name, tmp_path):
    skip_without_library(name)
    labels = () if name == "text" else tuple(f"l{i}" for i in range(5000))
    documents = [Document("ä" * 1_000_000, labels), Document("b", labels[:1])]
    write_documents(documents, tmp_path / ENDINGS[name], name)
    assert same(read_back(name, tmp_path / ENDINGS[name]), documents)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "svmlight"])
def test_order_lines_and_count(name, tmp_path):
    skip_without_library(name)
    labels = (lambda i: ()) if name == "text" else (lambda i: (f"l{i % 7}",))
    documents = [Document(f"text {i}", labels(i)) for i in range(3000)]
    write_documents(documents, tmp_path / ENDINGS[name], name)
    read = read_back(name, tmp_path / ENDINGS[name])
    assert same(read, documents)
    numbers = [document.line for document in read]
    assert numbers == list(range(numbers[0], numbers[0] + 3000))
    assert numbers[0] == (2 if name == "csv" else 1)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "svmlight"])
def test_texts_alone_are_read_without_looking_at_labels(name, tmp_path):
    skip_without_library(name)
    labels = () if name == "text" else ("x",)
    write_documents([Document("one", labels), Document("two", labels)], tmp_path / ENDINGS[name], name)
    read = list(read_texts(tmp_path / ENDINGS[name], name))
    assert [(document.text, document.labels) for document in read] == [("one", ()), ("two", ())]


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("svmlight", "text")])
def test_corpus_round_trip_keeps_label_matrix(name, tmp_path):
    skip_without_library(name)
    corpus = Corpus.from_texts(["a b", "c", "d"], [["y", "x"], [], ["z", "x"]])
    corpus.write(tmp_path / ENDINGS[name], format=name)
    read = Corpus.read(tmp_path / ENDINGS[name], format=name)
    assert read.digest() == corpus.digest()
    assert read.without_labels == 1


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("svmlight", "text")])
def test_found_out_by_name_or_content(name, tmp_path):
    skip_without_library(name)
    documents = [Document(f"text {i}", ("l",)) for i in range(3)]
    write_documents(documents, tmp_path / ENDINGS[name], name)
    assert same(list(read_documents(tmp_path / ENDINGS[name])), documents)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "svmlight"])
def test_missing_file_and_directory(name, tmp_path):
    skip_without_library(name)
    with pytest.raises(InputError, match="nowhere"):
        read_back(name, tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder"):
        read_back(name, tmp_path / "folder")


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "svmlight"])
def test_error_in_the_middle_of_writing_leaves_the_old_file(name, tmp_path):
    skip_without_library(name)
    path = tmp_path / ENDINGS[name]
    labels = () if name == "text" else ("x",)
    write_documents([Document("old", labels)], path, name)

    def documents():
        yield Document("new", labels)
        raise InputError("source ended")

    with pytest.raises(InputError, match="source ended"):
        write_documents(documents(), path, name)
    assert [document.text for document in read_back(name, path)] == ["old"]
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("name", FORMATS)
def test_declares_only_known_options_and_refuses_documents_after_none(name, tmp_path):
    part: Format = FORMATS.load(name)()
    assert isinstance(part, Format)
    assert part.read_options <= set(ReadOptions.model_fields)
    assert part.write_options <= set(WriteOptions.model_fields)
    assert FORMATS.section(name) is ReadOptions
    skip_without_library(name)
    with pytest.raises(InputError):
        write_documents([], tmp_path / ENDINGS[name], name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", LABEL_FORMATS)
def test_label_formats_implement_their_contract(name):
    assert isinstance(LABEL_FORMATS.load(name)(), LabelFormat)
