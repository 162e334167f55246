from __future__ import annotations

import bz2

import pytest

from manylabel.core.corpus import Document
from manylabel.core.errors import ConfigError, InputError
from manylabel.data.feature_files import read_features
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
    ("content", "expected"),
    [
        ("a   b  \tx y\n c\tz\n", [("x y", ("a", "b")), ("z", ("c",))]),
        ("a\tx\n\n   \nb\ty", [("x", ("a",)), ("y", ("b",))]),
        ("\ta\tx\n2\t\t\n", [("x", ("a",)), ("", ())]),
        ("a\tx\ry\nb\ty\n", [("x\ry", ("a",)), ("y", ("b",))]),
        ("a a\tx\u2028y\n1\t\n", [("x\u2028y", ("a", "a")), ("", ("1",))]),
    ],
)
def test_the_edges_of_the_format(content, expected, tmp_path):
    for format_ in (None, "libmultilabel"):
        path = tmp_path / "train.txt"
        path.write_bytes(content.encode())
        assert [found[:2] for found in read(path, format=format_)] == expected


@pytest.mark.parametrize("ending", ["", ".bz2"])
def test_feature_vectors_as_they_come(ending, tmp_path):
    """Labels by commas, features from 1, tabs, signs, documents without labels or features."""
    content = b"1,3 1:0.5 9:1\n 2:3 \n2:3\t4:-1\n-1,+3\t3:1e-3\r\n3\n"
    path = tmp_path / f"train.svm{ending}"
    path.write_bytes(bz2.compress(content) if ending else content)
    corpus = read_features(path)
    assert list(corpus.labels) == ["-1", "1", "3"]
    assert corpus.positives.toarray().tolist() == [
        [False, True, True], [False] * 3, [False] * 3, [True, False, True], [False, False, True],
    ]  # fmt: skip
    rows = [{0: 0.5, 8: 1.0}, {1: 3.0}, {1: 3.0, 3: -1.0}, {2: 1e-3}, {}]
    for row, expected in zip(corpus.features, rows, strict=True):
        assert dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)) == pytest.approx(expected)


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
