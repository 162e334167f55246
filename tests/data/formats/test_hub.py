from __future__ import annotations

import sys

import pytest

from manylabel.core.corpus import Document
from manylabel.core.errors import InputError, MissingExtraError
from manylabel.data.reading import read_documents, write_documents

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def no_bars():
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def saved(path, labels_feature, labels, **more):
    features = datasets.Features({"text": datasets.Value("string"), "labels": labels_feature})
    columns = {"text": [f"t{i}" for i in range(len(labels))], "labels": labels}
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(str(path))
    return path


def read(path, **options):
    return [(d.text, d.labels, d.line) for d in read_documents(path, **options)]


def test_strings_and_class_numbers(tmp_path):
    strings = saved(tmp_path / "a", datasets.List(datasets.Value("string")), [["x", "y"], []])
    assert read(strings) == [("t0", ("x", "y"), 1), ("t1", (), 2)]
    many = saved(tmp_path / "b", datasets.List(datasets.ClassLabel(names=["p", "q"])), [[1, 0], []])
    assert read(many) == [("t0", ("q", "p"), 1), ("t1", (), 2)]
    single = saved(tmp_path / "c", datasets.ClassLabel(names=["p", "q"]), [1, 0])
    assert read(single) == [("t0", ("q",), 1), ("t1", ("p",), 2)]


def test_single_strings_need_a_separator(tmp_path):
    path = saved(tmp_path / "a", datasets.Value("string"), ["x|y", ""])
    with pytest.raises(InputError, match=":1: 'labels' is a string, not a list"):
        read(path)
    assert read(path, label_separator="|") == [("t0", ("x", "y"), 1), ("t1", (), 2)]


def test_parts(tmp_path):
    parts = {
        name: datasets.Dataset.from_dict({"text": [name], "labels": [["x"]]})
        for name in ("train", "test", "validation")
    }
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "d"))
    assert read(tmp_path / "d") == [("train", ("x",), 1)]
    assert read(tmp_path / "d", part="validation") == [("validation", ("x",), 1)]
    with pytest.raises(InputError, match=r"has no part 'dev' \(choose one of: train, test, validation\)"):
        read(tmp_path / "d", part="dev")
    with pytest.raises(InputError, match="without parts"):
        read(tmp_path / "d" / "train", part="test")


def test_folder_of_parquet_files(tmp_path):
    for number in (0, 1):
        write_documents(
            [Document(f"t{number}", ("x",))], tmp_path / "r" / "data" / f"train-0000{number}-of-00002.parquet"
        )
    write_documents([Document("e", ("x",))], tmp_path / "r" / "data" / "test-00000-of-00001.parquet")
    assert [text for text, _, _ in read(tmp_path / "r")] == ["t0", "t1"]
    assert [text for text, _, _ in read(tmp_path / "r", part="test")] == ["e"]
    with pytest.raises(InputError, match="no Parquet file of the part 'validation'"):
        read(tmp_path / "r", part="validation")


def test_written_parts_are_read_by_the_library(tmp_path):
    write_documents([Document("a", ("x", "y"), "1")], tmp_path / "d", "hub")
    write_documents([Document("b", (), "2")], tmp_path / "d", "hub", part="test")
    loaded = datasets.load_from_disk(str(tmp_path / "d"))
    assert loaded["train"].to_list() == [{"id": "1", "text": "a", "labels": ["x", "y"]}]
    assert loaded["test"].to_list() == [{"id": "2", "text": "b", "labels": []}]


def test_damaged(tmp_path):
    path = saved(tmp_path / "a", datasets.Value("string"), ["x"])
    (path / "state.json").write_text("{}")
    with pytest.raises(InputError, match="a: is not a readable data set"):
        read(path)
    (path / "state.json").unlink()
    (path / "dataset_dict.json").write_text("[")
    with pytest.raises(InputError, match=r"dataset_dict\.json: is damaged"):
        read(path)


def test_without_the_library(tmp_path, monkeypatch):
    path = saved(tmp_path / "a", datasets.Value("string"), ["x"])
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"manylabel\[hub\]"):
        read(path)
