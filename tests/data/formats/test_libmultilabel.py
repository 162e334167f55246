from __future__ import annotations

import pytest

from manylabel.core.corpus import Document
from manylabel.core.errors import ConfigError, InputError
from manylabel.data.reading import read_documents, write_documents


def put(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def read(path, **options):
    return [(d.text, d.labels, d.id, d.line) for d in read_documents(path, **options)]


def test_with_and_without_ids(tmp_path):
    with_ids = put(tmp_path / "a.txt", '2286\tE11 ECAT\trecov "recov\n\n2287\t\t\r\n')
    assert read(with_ids) == [('recov "recov', ("E11", "ECAT"), "2286", 1), ("", (), "2287", 3)]
    without = put(tmp_path / "b.txt", "NaN  null\tNA\n\ttext\n")
    assert read(without) == [("NA", ("NaN", "null"), None, 1), ("text", (), None, 2)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x\ta\nx\n", r":2: has 0 tabs, expected 1 tab as on the first line"),
        ("1\tx\ta\nx\tb\n", r":2: has 1 tabs, expected 2 tabs as on the first line"),
        ("x\ta\nx\ta\tb\n", r":2: has 2 tabs, expected 1 tab as"),
        ("a\tb\tc\td\n", r":1: has 3 tabs, expected one tab or two"),
        ("words\n", r":1: has 0 tabs, expected one tab or two \(write \[id, tab,\] labels, tab, text\)"),
    ],
)
def test_wrong_columns(content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(put(tmp_path / "f.txt", content), format="libmultilabel")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (Document("a\tb", ("x",), "1"), "tab or a line end"),
        (Document("a\nb", ("x",), "1"), "tab or a line end"),
        (Document("a", ("x y",), "1"), "the label 'x y' with a blank in it"),
        (Document("a", ("x\u00a0y",), "1"), "with a blank in it"),
        (Document("a", ("x",), None), "differs from the first in having an id"),
        (Document("a", ("x",), "1", {"lang": "de"}), "further fields"),
    ],
)
def test_refused_while_writing(document, message, tmp_path):
    with pytest.raises(InputError, match=f"document 2 .*{message}"):
        write_documents([Document("a", ("x",), "0"), document], tmp_path / "f.txt", "libmultilabel")
    assert list(tmp_path.iterdir()) == []


def test_ids_can_be_left_out(tmp_path):
    write_documents([Document("a", ("x",), "1"), Document("b")], tmp_path / "f.txt", "libmultilabel", ids=False)
    assert (tmp_path / "f.txt").read_text() == "x\ta\n\tb\n"


def test_field_names_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="libmultilabel has no use for the option labels_field"):
        read(put(tmp_path / "f.txt", "x\ta\n"), labels_field="subjects")
