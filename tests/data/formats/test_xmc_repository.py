from __future__ import annotations

import json

import pytest

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.data.reading import read_documents, read_texts, write_documents


def put(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def record(title="T", content="c", target=(0,), **more):
    return json.dumps({"uid": "u", "title": title, "content": content, "target_ind": list(target), **more})


def read(path, **options):
    return [(d.text, d.labels, d.id, d.line) for d in read_documents(path, **options)]


def test_raw_json_with_label_file(tmp_path):
    put(tmp_path / "trn.json", record(target=[2, 0], target_rel=[1.0, 1.0]), record("", "only content", [], uid="v"))
    put(tmp_path / "lbl.json", '{"uid": "A", "title": "a"}', '{"uid": "B", "title": "b"}', '{"uid": "C", "title": "a"}')
    expected = [("T\nc", ("C", "A"), "u", 1), ("only content", (), "v", 2)]
    assert read(tmp_path) == expected
    assert read(tmp_path / "trn.json") == expected
    assert read(tmp_path, text_fields=["title"])[0][0] == "T"
    assert read(tmp_path, text_fields=["content", "title"])[0][0] == "c\nT"


@pytest.mark.parametrize("name", ["tst.json.gz", "tst.raw.json", "tst.raw.json.xz"])
def test_test_part_compressed_or_not(name, tmp_path):
    import gzip
    import lzma

    data = (record() + "\n").encode()
    compressed = {"gz": gzip.compress, "xz": lzma.compress}.get(name.rpartition(".")[2], bytes)(data)
    (tmp_path / name).write_bytes(compressed)
    assert read(tmp_path, part="test") == [("T\nc", ("0",), "u", 1)]
    with pytest.raises(InputError, match="no part 'train'"):
        read(tmp_path)


def test_names_of_labels(tmp_path):
    put(tmp_path / "trn.json", record(target=[1]))
    assert read(tmp_path)[0][1] == ("1",)
    put(tmp_path / "Yf.txt", "first", "second label")
    assert read(tmp_path)[0][1] == ("second label",)
    put(tmp_path / "Yf.txt", "same", "same")
    assert read(tmp_path)[0][1] == ("1",)
    put(tmp_path / "lbl.json", '{"title": "a"}', '{"title": "b"}')
    assert read(tmp_path)[0][1] == ("1",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (record(target=[2]), "label number 2, but the label file has 2 lines"),
        (json.dumps({"title": "a", "content": ""}), "'target_ind' is not a list of label numbers"),
        (record(target=["0"]), "'target_ind' is not a list of label numbers"),
        (record(target=[-1]), "'target_ind' is not a list of label numbers"),
        (record(target=[True]), "'target_ind' is not a list of label numbers"),
        (json.dumps({"target_ind": [0]}), "has no field 'title' or 'content'"),
        (record(content=5), "the text in 'content' is a number"),
        ("{", "is not valid JSON"),
    ],
)
def test_bad_lines_are_named(line, message, tmp_path):
    put(tmp_path / "trn.json", record(), line)
    put(tmp_path / "lbl.json", '{"uid": "A", "title": "a"}', '{"uid": "B", "title": "b"}')
    with pytest.raises(InputError, match=rf"trn\.json:2: {message}"):
        read(tmp_path)


def test_lines_with_label_matrix(tmp_path):
    put(tmp_path / "trn_X.txt", "first text", "", "third")
    put(tmp_path / "trn_X_Y.txt", "3 4", "3:1.0 0:1", "", "2:1")
    expected = [("first text", ("0", "3"), None, 1), ("", (), None, 2), ("third", ("2",), None, 3)]
    assert read(tmp_path) == expected
    assert read(tmp_path / "trn_X.txt") == expected
    put(tmp_path / "Y.txt", "a", "b", "c", "d")
    assert [labels for _, labels, _, _ in read(tmp_path)] == [("a", "d"), (), ("c",)]


def test_lines_in_a_folder_of_their_own(tmp_path):
    put(tmp_path / "raw" / "tst_X.txt", "text")
    put(tmp_path / "tst_X_Y.txt", "1 2", "1:1")
    put(tmp_path / "raw" / "Y.txt", "a", "b")
    assert read(tmp_path, part="test") == [("text", ("b",), None, 1)]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (["2 4", "0:1", "1:1"], r"trn_X\.txt:3: more lines than the 2 rows of trn_X_Y\.txt"),
        (["4 4", "0:1", "", "", ""], r"trn_X\.txt: 3 lines for the 4 rows"),
        (["4 4", "0:1", "1:1", ""], r"trn_X_Y\.txt:1: holds 3 rows, its header says 4"),
        (["3 1", "0:1", "1:1", ""], r"trn_X_Y\.txt:3: has an index beyond the 1 columns"),
        (["0:1", "1:1", ""], r"trn_X_Y\.txt:1: does not begin with a header of 2 whole numbers"),
        (["3 4", "0:1", "0", ""], r"trn_X_Y\.txt:3: has a feature that is not index:value"),
    ],
)
def test_bad_label_matrix(matrix, message, tmp_path):
    put(tmp_path / "trn_X.txt", "a", "b", "c")
    put(tmp_path / "trn_X_Y.txt", *matrix)
    with pytest.raises(InputError, match=message):
        read(tmp_path)
    assert len(list(read_texts(tmp_path))) == 3


def test_label_matrix_is_needed_and_label_file_must_fit(tmp_path):
    put(tmp_path / "trn_X.txt", "a")
    with pytest.raises(InputError, match=r"has no label matrix trn_X_Y\.txt beside it"):
        read(tmp_path)
    put(tmp_path / "trn_X_Y.txt", "1 3", "0:1")
    put(tmp_path / "Y.txt", "a", "b")
    with pytest.raises(InputError, match="the label file has 2 lines for 3 labels"):
        read(tmp_path)


def test_bags_of_words_hold_no_texts(tmp_path):
    put(tmp_path / "train.txt", "1 2 2", "0,1 0:1")
    for path in (tmp_path, tmp_path / "train.txt"):
        with pytest.raises(InputError, match="holds feature vectors, not texts"):
            read(path)


def test_parts_share_their_numbers(tmp_path):
    write_documents([Document("a", ("x", "y")), Document("b", ("y",))], tmp_path / "d", "xmc_repository")
    write_documents([Document("c", ("z", "y"), "1")], tmp_path / "d", "xmc_repository", part="test")
    assert sorted(file.name for file in (tmp_path / "d").iterdir()) == ["lbl.json.gz", "trn.json.gz", "tst.json.gz"]
    assert [labels for _, labels, _, _ in read(tmp_path / "d")] == [("x", "y"), ("y",)]
    assert read(tmp_path / "d", part="test") == [("c", ("z", "y"), "1", 1)]


def test_written_form_follows_the_label_space(tmp_path):
    space = LabelSpace(["b", "a"], texts=["label b", None])
    write_documents([Document("t", ("a",), "1")], tmp_path / "tst.json", "xmc_repository", labels=space)
    assert json.loads((tmp_path / "tst.json").read_text()) == {
        "uid": "1", "title": "", "content": "t", "target_ind": [1],
    }  # fmt: skip
    assert [json.loads(line) for line in (tmp_path / "lbl.json").read_text().splitlines()] == [
        {"uid": "b", "title": "label b"},
        {"uid": "a", "title": "a"},
    ]


def test_not_written_beside_other_label_files(tmp_path):
    put(tmp_path / "Y.txt", "a")
    with pytest.raises(InputError, match="labels lie beside it that are not JSON"):
        write_documents([Document("t", ("a",))], tmp_path, "xmc_repository")
    with pytest.raises(InputError, match="document 1 has a further field"):
        write_documents([Document("t", ("a",), None, {"title": "x"})], tmp_path / "sub" / "deep", "xmc_repository")
    assert [file.name for file in tmp_path.iterdir()] == ["Y.txt"]
