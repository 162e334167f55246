from __future__ import annotations

import pytest

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.data.reading import read_documents, write_documents


def put(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path, **options):
    return list(read_documents(path, **options))


def test_columns_in_any_order_with_quotes(tmp_path):
    path = put(tmp_path / "f.csv", 'labels,other,text,id\r\nx|y z,1,"a, ""b""\nc",d1\r\n\r\n,2,,d2\r\n')
    assert [(d.text, d.labels, d.id, d.line) for d in read(path)] == [
        ('a, "b"\nc', ("x", "y z"), "d1", 2),
        ("", (), "d2", 5),
    ]
    assert [d.fields for d in read(path, keep_fields=["other"])] == [{"other": "1"}, {"other": "2"}]


def test_words_that_mean_nothing_elsewhere_are_labels_and_texts(tmp_path):
    path = put(tmp_path / "f.csv", "text,labels\nNaN,NaN\nnull,NA|None\nNA,null\n")
    assert [(d.text, d.labels) for d in read(path)] == [("NaN", ("NaN",)), ("null", ("NA", "None")), ("NA", ("null",))]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("name", ["f.csv", "f.tsv"])
def test_delimiter_is_found_out(delimiter, name, tmp_path):
    path = put(tmp_path / name, f"text{delimiter}labels\na{delimiter}x|y\n")
    assert [(d.text, d.labels) for d in read(path)] == [("a", ("x", "y"))]
    assert read(path, delimiter=delimiter) == read(path)


def test_other_columns_and_separator(tmp_path):
    path = put(tmp_path / "f.csv", "Title,Abstract,Subjects\nT,a,x y; z ;\n")
    options = {"text_fields": ["Title", "Abstract"], "labels_field": "Subjects", "label_separator": ";"}
    assert [(d.text, d.labels) for d in read(path, **options)] == [("T\na", ("x y", "z"))]


def test_byte_order_mark(tmp_path):
    assert read(put(tmp_path / "f.csv", "\ufefftext,labels\na,x\n"))[0].text == "a"


def test_empty_ids_are_no_ids(tmp_path):
    assert [d.id for d in read(put(tmp_path / "f.csv", "id,text,labels\n,a,x\n1,b,x\n"))] == [None, "1"]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("text,labels\na,x\nb,x,y\n", 3, r"has 3 cells, the header 2 \(quote cells that hold a ','"),
        ("text,labels\na,x\n\nb\n", 4, r"has 1 cells, the header 2 \(add the missing"),
        ('text,labels\na,x\n"b,x\nc,x\n', 3, r"a quoted cell that begins in this row never ends \(close"),
        ('text,labels\n"a" b,x\n', 2, "is malformed.*double the quotes"),
        ("text,labels\na\0,x\n", 2, "holds a NUL character"),
        ("text,labels\na\rb,x\n", 2, "bare carriage return"),
        ("txt,labels\na,x\n", 1, r"has no column 'text' \(columns: txt, labels\) .*text_fields"),
        ("text,label\na,x\n", 1, "has no column 'labels'"),
        ("A text. " * 9 + ",x\n", 1, r"\(columns: (A text. ){5}\.\.\., x\) \(the first line must name the columns"),
        ("text,labels,text\na,x,b\n", 1, "two columns called 'text'"),
        (b"text,labels\na,x\n\xe4,x\n", 3, "is not UTF-8"),
    ],
)
def test_bad_rows_are_named(content, line, message, tmp_path):
    path = put(tmp_path / "f.csv", content)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert caught.value.remedy


def test_line_of_a_row_after_cells_with_line_ends(tmp_path):
    path = put(tmp_path / "f.csv", 'text,labels\n"a\nb\nc",x\nd\n')
    with pytest.raises(InputError, match=r"f\.csv:5: has 1 cells"):
        read(path)


def test_no_rows(tmp_path):
    with pytest.raises(InputError, match="no documents"):
        read(put(tmp_path / "f.csv", "text,labels\n"))
    with pytest.raises(InputError, match="is empty"):
        read(put(tmp_path / "g.csv", ""))


def test_tsv_and_fields_written(tmp_path):
    documents = [Document("a\tb", ("x", "y"), "1", {"lang": "de"}), Document('"', (), "2", {"lang": ""})]
    write_documents(documents, tmp_path / "f.tsv", label_separator=";")
    assert (tmp_path / "f.tsv").read_text().splitlines()[0] == '"id"\t"text"\t"labels"\t"lang"'
    read_back = read(tmp_path / "f.tsv", label_separator=";", keep_fields=["lang"])
    assert [(d.text, d.labels, d.id, d.fields) for d in read_back] == [
        (d.text, d.labels, d.id, d.fields) for d in documents
    ]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (Document("b", ("x|y",), "2"), r"document 2 has the label 'x\|y', which cannot stand"),
        (Document("b", (" x",), "2"), "document 2 has the label ' x'"),
        (Document("b\0", (), "2"), "document 2 has a NUL character in 'text'"),
        (Document("b", (), None), "document 2 has other fields than the first"),
        (Document("b", (), ""), "document 2 has an empty id"),
        (Document("b", (), "2", {"lang": "de"}), "document 2 has other fields"),
    ],
)
def test_refused_while_writing(second, message, tmp_path):
    with pytest.raises(InputError, match=message):
        write_documents([Document("a", ("x",), "1"), second], tmp_path / "f.csv")
    assert list(tmp_path.iterdir()) == []


def test_label_separator_of_several_characters(tmp_path):
    documents = [Document("a", ("x|y", "z"))]
    write_documents(documents, tmp_path / "f.csv", label_separator="||")
    assert read(tmp_path / "f.csv", label_separator="||")[0].labels == ("x|y", "z")


def test_separators_that_touch_are_caught(tmp_path):
    # "a|" + "||" + "b" would read back as "a" and "|b".
    with pytest.raises(InputError, match="label"):
        write_documents([Document("t", ("a|", "b"))], tmp_path / "f.csv", label_separator="||")
