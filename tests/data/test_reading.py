from __future__ import annotations

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from manylabel.core.corpus import Corpus, Document
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.formats.records import RecordReader
from manylabel.data.formats.streams import LineOutput
from manylabel.data.reading import convert, read_corpus, read_documents, read_texts, write_documents


def put(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def line(text="a", labels='["x"]', **more):
    fields = "".join(f', "{name}": "{value}"' for name, value in more.items())
    return f'{{"text": "{text}", "labels": {labels}{fields}}}\n'


def test_corpus_keeps_and_counts_what_is_empty(tmp_path):
    path = put(tmp_path / "f.jsonl", line("a", '["y", "x", "x"]') + line(" ", "[]") + line("", '["x"]'))
    corpus = Corpus.read(path)
    assert len(corpus) == 3
    assert (corpus.empty_texts, corpus.without_labels) == (2, 1)
    assert list(corpus.labels) == ["x", "y"]
    assert [corpus.labels_of(i) for i in range(3)] == [["x", "y"], [], ["x"]]
    assert corpus.source == str(path)


def test_unknown_labels(tmp_path):
    path = put(tmp_path / "f.jsonl", line("a", '["x"]') + line("b", '["x", "new"]'))
    closed = LabelSpace(["x", "y"], closed=True)
    with pytest.raises(InputError, match=r"f\.jsonl:2: label 'new' is not in the label file .*--unknown-labels drop"):
        read_corpus(path, labels=closed)
    dropped = read_corpus(path, labels=closed, unknown_labels="drop")
    assert (dropped.dropped_labels, dropped.n_labels) == (1, 2)
    kept = read_corpus(path, labels=LabelSpace(["x", "y"]))
    assert list(kept.labels) == ["x", "y", "new"]
    with pytest.raises(InputError, match="no document has a label: all 3 were unknown and dropped"):
        read_corpus(path, labels=LabelSpace(["z"], closed=True), unknown_labels="drop")


def test_no_labels_at_all(tmp_path):
    path = put(tmp_path / "f.jsonl", line("a", "[]") * 2)
    with pytest.raises(InputError, match=r"f\.jsonl: no document has a label \(is labels_field"):
        read_corpus(path)
    assert read_corpus(path, require_labels=False).without_labels == 2


def test_duplicate_ids(tmp_path):
    path = put(tmp_path / "f.jsonl", line(id="1") + line(id="2") + line(id="1"))
    with pytest.raises(InputError, match=r"f\.jsonl:3: id '1' occurs twice, first on line 1 \(make the ids distinct"):
        read_corpus(path)
    with pytest.raises(InputError, match=r"f\.jsonl:3: id '1' occurs twice"):
        convert(path, tmp_path / "g.csv")
    assert not (tmp_path / "g.csv").exists()
    mixed = put(tmp_path / "h.jsonl", line(id="1") + line())
    with pytest.raises(InputError, match="1 of 2 documents have no id"):
        read_corpus(mixed)


def test_nothing_there(tmp_path):
    for content in ("", "\n\n", "\ufeff"):
        with pytest.raises(InputError, match=r"f\.jsonl: is empty"):
            read_corpus(put(tmp_path / "f.jsonl", content))
    with pytest.raises(InputError, match=r"f\.jsonl: no documents"):
        read_corpus(put(tmp_path / "f.jsonl", " \n"))
    with pytest.raises(InputError, match=r"nowhere\.jsonl: no such file"):
        read_corpus(tmp_path / "nowhere.jsonl")
    with pytest.raises(InputError, match="is a directory, and not one of a known format"):
        read_corpus(tmp_path)
    with pytest.raises(InputError, match="is a directory, expected a file"):
        read_corpus(tmp_path, format="jsonl")


def test_formats_named_and_found_out(tmp_path):
    assert len(read_corpus(put(tmp_path / "data", line()))) == 1
    assert len(read_corpus(put(tmp_path / "data.json", line()))) == 1
    assert len(read_corpus(put(tmp_path / "wrong.csv", line()), format="jsonl")) == 1
    with pytest.raises(InputError, match=r"its format is not recognised .*jsonl, csv, parquet"):
        read_corpus(put(tmp_path / "words.txt", "some words\n"))
    with pytest.raises(ConfigError, match="unknown format 'jsonlines', did you mean 'jsonl'"):
        read_corpus(tmp_path / "data", format="jsonlines")
    with pytest.raises(InputError, match=r"no format goes by the ending \.docx"):
        write_documents([Document("a")], tmp_path / "f.docx")


def test_options_are_checked_before_anything_is_read(tmp_path):
    with pytest.raises(ConfigError, match="unknown key 'text_fild', did you mean 'text_fields'"):
        read_documents(put(tmp_path / "f.jsonl", line()), text_fild=["a"])
    with pytest.raises(ConfigError, match="delimiter"):
        read_documents(put(tmp_path / "f.csv", "text,labels\n"), delimiter=";;")


def test_texts_of_any_format(tmp_path):
    path = put(tmp_path / "f.jsonl", '{"text": "a", "id": "1"}\n{"text": "b", "labels": "not a list", "id": "2"}\n')
    assert [(d.text, d.id, d.labels) for d in read_texts(path)] == [("a", "1", ()), ("b", "2", ())]
    table = put(tmp_path / "f.csv", "title,text\nT,a\n")
    assert [d.text for d in read_texts(table, text_fields=["title", "text"])] == ["T\na"]


def test_plain_text_has_one_document_a_line(tmp_path):
    path = put(tmp_path / "f.txt", "first\n\nthird\ttext\r\n{not json\nlast")
    found = [(d.text, d.line) for d in read_texts(path)]
    assert found == [("first", 1), ("", 2), ("third\ttext", 3), ("{not json", 4), ("last", 5)]


def test_text_files_that_could_be_something_else(tmp_path):
    path = put(tmp_path / "f.txt", "x y\ttext\nz\tmore\n")
    with pytest.raises(InputError, match=r"could be LibMultiLabel text .*name the format: libmultilabel or text"):
        read_texts(path)
    assert [d.text for d in read_texts(path, "libmultilabel")] == ["text", "more"]
    assert [d.text for d in read_texts(path, "text")] == ["x y\ttext", "z\tmore"]
    with pytest.raises(InputError, match="holds feature vectors"):
        list(read_texts(put(tmp_path / "g.txt", "1,2 1:0.5\n")))
    with pytest.raises(InputError, match="is empty"):
        read_texts(put(tmp_path / "h.txt", ""))


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("ä\nb\n".encode())))
    assert [d.text for d in read_texts("-")] == ["ä", "b"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line().encode())))
    assert [d.labels for d in read_documents("-", "jsonl")] == [("x",)]
    with pytest.raises(ConfigError, match="standard input or a pipe needs a named format"):
        read_documents("-")


def test_pipe_is_read_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(pipe.write_text, "first\nsecond\n")
        assert [d.text for d in read_texts(pipe)] == ["first", "second"]
        writing.result()
        writing = pool.submit(pipe.write_text, line("a") + line("b"))
        assert convert(pipe, tmp_path / "f.csv", source_format="jsonl") == 2
        writing.result()


@pytest.mark.parametrize("name", ["g.jsonl", "g.csv.gz"])
def test_convert_streams(name, tmp_path, monkeypatch):
    path = tmp_path / "f.jsonl.gz"
    write_documents((Document(f"text {i}", (f"l{i % 50}",), str(i)) for i in range(5000)), path)
    read, ahead = 0, 0
    original_read, original_write = RecordReader.document, LineOutput.write

    def counted(self, record, number):
        nonlocal read
        read += 1
        return original_read(self, record, number)

    def watched(self, text):
        nonlocal ahead
        original_write(self, text)
        ahead = max(ahead, read - self.lines)

    monkeypatch.setattr(RecordReader, "document", counted)
    monkeypatch.setattr(LineOutput, "write", watched)
    assert convert(path, tmp_path / name) == 5000
    assert (read, ahead) == (5000, 0), "documents were read before earlier ones were written"
    converted = list(read_documents(tmp_path / name))
    assert [(d.text, d.labels, d.id) for d in converted[:1]] == [("text 0", ("l0",), "0")]
    assert len(converted) == 5000


def test_convert_with_options_and_fields(tmp_path):
    path = put(tmp_path / "f.csv", "id;text;subjects;lang\n1;a;x,y;de\n2;b;;en\n")
    read = {"labels_field": "subjects", "label_separator": ",", "keep_fields": ["lang"]}
    assert convert(path, tmp_path / "g.jsonl", read=read) == 2
    assert (tmp_path / "g.jsonl").read_text().splitlines() == [
        '{"id": "1", "text": "a", "labels": ["x", "y"], "lang": "de"}',
        '{"id": "2", "text": "b", "labels": [], "lang": "en"}',
    ]
    read["keep_fields"] = []
    assert convert(path, tmp_path / "p", target_format="pecos", read=read, write={"ids": False}) == 2
    assert read_corpus(tmp_path / "p").labels_of(0) == ["x", "y"]


def test_convert_with_a_label_file(tmp_path):
    path = put(tmp_path / "f.jsonl", line("a", '["x"]') + line("b", '["y", "new", "x"]'))
    closed = LabelSpace(["x", "y"], closed=True)
    with pytest.raises(InputError, match=r"f\.jsonl:2: label 'new' is not in the label file"):
        convert(path, tmp_path / "g.csv", labels=closed)
    assert not (tmp_path / "g.csv").exists()
    convert(path, tmp_path / "g.csv", labels=closed, unknown_labels="drop")
    assert [d.labels for d in read_documents(tmp_path / "g.csv")] == [("x",), ("y", "x")]
    convert(path, tmp_path / "h.csv", labels=LabelSpace(["x"]))
    assert [d.labels for d in read_documents(tmp_path / "h.csv")] == [("x",), ("y", "new", "x")]


def test_convert_onto_itself(tmp_path):
    path = put(tmp_path / "f.jsonl", line(id="1") + line(id="2"))
    assert convert(path, path) == 2
    assert len(read_corpus(path)) == 2


def test_failed_convert_leaves_nothing(tmp_path):
    path = put(tmp_path / "f.jsonl", line() * 1000 + "{")
    for target in ("g.jsonl", "g.csv.gz", "new/g.jsonl"):
        with pytest.raises(InputError, match=r"f\.jsonl:1001: is not valid JSON"):
            convert(path, tmp_path / target)
    for target_format in ("pecos", "xmc_repository"):
        with pytest.raises(InputError, match=r"f\.jsonl:1001"):
            convert(path, tmp_path / "d", target_format=target_format)
    assert [file.name for file in tmp_path.iterdir()] == ["f.jsonl"]


def test_corpus_written_with_fields(tmp_path):
    documents = [Document("a", ("x",), "1", {"lang": "de"}), Document("b", (), "2", {"lang": "en"})]
    corpus = Corpus.from_documents(documents)
    corpus.write(tmp_path / "f.jsonl")
    read = Corpus.read(tmp_path / "f.jsonl", keep_fields=["lang"])
    assert (read.ids, read.fields) == (["1", "2"], {"lang": ["de", "en"]})


def test_importing_the_reader_is_light():
    code = (
        "import sys, manylabel.data.reading, manylabel.data.split\n"
        "heavy = {'numba', 'scipy', 'sklearn', 'pyarrow', 'rdflib', 'datasets', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).stderr.decode() == ""
