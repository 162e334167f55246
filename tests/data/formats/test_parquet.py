from __future__ import annotations

import sys

import pytest

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError, MissingExtraError
from manylabel.data.reading import read_documents, write_documents

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def put(path, **columns):
    parquet.write_table(pyarrow.table(columns), path, row_group_size=2)
    return path


def read(path, **options):
    return [(d.text, d.labels, d.id, d.line) for d in read_documents(path, **options)]


def test_written_by_others(tmp_path):
    path = put(
        tmp_path / "f.parquet",
        text=pyarrow.array(["a", "b", ""], pyarrow.large_string()),
        labels=pyarrow.array([[1, 2], None, []], pyarrow.list_(pyarrow.int32())),
        uid=pyarrow.array([5, 6, 7]),
        other=[0.5, 1.5, 2.5],
    )
    assert read(path) == [("a", ("1", "2"), "5", 1), ("b", (), "6", 2), ("", (), "7", 3)]
    assert next(iter(read_documents(path, keep_fields=["other"]))).fields == {"other": "0.5"}


def test_content_counts_where_the_name_says_nothing(tmp_path):
    path = put(tmp_path / "f", text=["a"], labels=[["x"]])
    assert read(path) == [("a", ("x",), None, 1)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"txt": ["a"], "labels": [["x"]]}, ":1: has no field 'text'"),
        ({"text": ["a"]}, ":1: has no field 'labels'"),
        ({"text": ["a", None], "labels": [["x"], []]}, ":2: the text in 'text' is null"),
        ({"text": ["a"], "labels": ["x;y"]}, ":1: 'labels' is a string, not a list .*label_separator"),
        ({"text": [1], "labels": [["x"]]}, ":1: the text in 'text' is a number"),
        ({"text": ["a"], "labels": [["x", None]]}, ":1: a label is null"),
    ],
)
def test_bad_rows_are_named(columns, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(put(tmp_path / "f.parquet", **columns))


def test_labels_in_one_string_on_request(tmp_path):
    assert read(put(tmp_path / "f.parquet", text=["a"], labels=["x; y"]), label_separator=";")[0][1] == ("x", "y")


def test_not_parquet(tmp_path):
    (tmp_path / "f.parquet").write_text("text,labels\n")
    with pytest.raises(InputError, match=r"f\.parquet: is not a readable Parquet file"):
        read(tmp_path / "f.parquet")
    path = put(tmp_path / "g.parquet", text=["a"] * 1000, labels=[["x"]] * 1000)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError, match=r"g\.parquet: is not a readable Parquet file"):
        read(path)


def test_without_the_library(tmp_path, monkeypatch):
    path = put(tmp_path / "f.parquet", text=["a"], labels=[["x"]])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"manylabel\[parquet\]"):
        read(path)
    with pytest.raises(MissingExtraError, match=r"manylabel\[parquet\]"):
        write_documents([Document("a")], tmp_path / "g.parquet")
    assert not (tmp_path / "g.parquet").exists()


def test_written_form(tmp_path):
    path = tmp_path / "f.parquet"
    write_documents([Document(f"t{i}", ("x",), str(i), {"lang": "de"}) for i in range(2500)], path)
    table = parquet.read_table(path)
    assert table.column_names == ["id", "text", "labels", "lang"]
    assert table.num_rows == 2500
    assert table.schema.field("labels").type == pyarrow.list_(pyarrow.string())


def test_refused_while_writing(tmp_path):
    for second, message in (
        (Document("b", (), None), "document 2 has other fields"),
        (Document("\ud800", (), "2"), "document 2 holds half of a surrogate pair"),
        (Document("b", (), "2", {"text": "x"}), "document 2 has a further field called 'text'"),
    ):
        with pytest.raises(InputError, match=message):
            write_documents([Document("a", (), "1"), second], tmp_path / "f.parquet")
    assert list(tmp_path.iterdir()) == []
