"""Splitting a file into files: nothing lost, nothing half-written, nothing overwritten unasked."""

import json

import pytest

from manylabel.core.errors import ConfigError, InputError
from manylabel.data.feature_files import read_features
from manylabel.runs import split_files
from manylabel.runs.split_files import split_file

HALVES = {"a": 0.5, "b": 0.5}


def test_the_parts_hold_every_document_once(data, tmp_path, records):
    sizes = split_file(data / "train.jsonl", tmp_path / "parts", {"a": 0.75, "b": 0.25}, seed=3)
    parts = {name: records(tmp_path / "parts" / f"{name}.jsonl") for name in sizes}
    assert {name: len(rows) for name, rows in parts.items()} == sizes == {"a": 360, "b": 120}
    together = {row["id"]: row for rows in parts.values() for row in rows}
    assert together == {row["id"]: row for row in records(data / "train.jsonl")}


def test_a_field_names_the_parts_and_kept_fields_come_along(tmp_path, records):
    rows = [{"text": f"x{i}", "labels": ["l"], "part": "ab"[i % 2], "title": f"t{i}"} for i in range(6)]
    source = tmp_path / "all.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    split_file(source, tmp_path, None, method="field", field="part", options={"keep_fields": ["title"]})
    assert [row["title"] for row in records(tmp_path / "a.jsonl")] == ["t0", "t2", "t4"]


def test_a_part_whose_name_is_no_file_name_is_refused(tmp_path):
    (tmp_path / "all.jsonl").write_text('{"text": "x", "labels": ["l"], "part": "../a"}\n')
    with pytest.raises(InputError, match="cannot name a file"):
        split_file(tmp_path / "all.jsonl", tmp_path / "p", None, method="field", field="part")
    assert not (tmp_path / "p").exists()


def test_files_that_lie_there_are_refused_before_reading_and_kept(tmp_path, data):
    (tmp_path / "b.jsonl").write_text("mine")
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{\n")
    with pytest.raises(InputError, match=r"b\.jsonl: exists already"):
        split_file(bad, tmp_path, HALVES)
    split_file(data / "test.jsonl", tmp_path, HALVES, overwrite=True)
    assert (tmp_path / "b.jsonl").read_text() != "mine"


def test_a_disk_that_fails_midway_leaves_nothing(tmp_path, data, monkeypatch):
    written = []

    def write(corpus, path):
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)
        path.write_text("x")

    monkeypatch.setattr(split_files, "write_corpus", write)
    with pytest.raises(InputError, match="No space left"):
        split_file(data / "test.jsonl", tmp_path / "parts", HALVES)
    assert list(tmp_path.iterdir()) == []


def test_feature_vectors_stay_feature_vectors(tmp_path):
    source = tmp_path / "all.svm"
    source.write_text("".join(f"{i % 4} {i + 1}:1.5\n" for i in range(20)))
    sizes = split_file(source, tmp_path / "parts", HALVES)
    assert sizes == {"a": 10, "b": 10}
    assert len(read_features(tmp_path / "parts" / "a.svm")) == 10
    with pytest.raises(ConfigError, match="no use for text_fields"):
        split_file(source, tmp_path / "more", HALVES, options={"text_fields": ["x"]})
