"""Prediction: every document in its order under its own name, from any format, in bounded batches, whole or never."""

import gzip
import io
import json
import sys

import numpy as np
import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.data.reading import convert
from manylabel.models.base import load
from manylabel.runs import reading
from manylabel.runs.config import parse_config
from manylabel.runs.predict import predict_run, prediction_lines
from manylabel.runs.train import train_run


def test_every_document_keeps_place_name_and_scores(tree_run, data, tmp_path, records):
    out = tmp_path / "p.jsonl"
    n = predict_run(tree_run, data / "test.jsonl", k=4, output=out)
    corpus = Corpus.read(data / "test.jsonl")
    topk = load(tree_run).predict(corpus.texts, 4)
    lines = records(out)
    assert n == len(lines) == len(corpus)
    assert [line["id"] for line in lines] == list(corpus.ids)
    for row, line in enumerate(lines):
        found = topk.indices[row] >= 0
        assert line["labels"] == topk.labels.names_of(topk.indices[row][found])
        assert np.array(line["scores"], np.float32).tobytes() == topk.scores[row][found].tobytes()


def test_batches_give_what_one_batch_gives(tree_run, data, tmp_path, monkeypatch):
    predict_run(tree_run, data / "test.jsonl", output=tmp_path / "one.jsonl")
    monkeypatch.setattr(reading, "_BATCH_DOCUMENTS", 7)
    predict_run(tree_run, data / "test.jsonl", output=tmp_path / "many.jsonl")
    assert (tmp_path / "many.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


@pytest.mark.parametrize(("name", "limit"), [("_BATCH_DOCUMENTS", 5), ("_BATCH_CHARACTERS", 300)])
def test_a_batch_never_holds_many_texts(name, limit, data, config_of, monkeypatch):
    monkeypatch.setattr(reading, name, limit)
    config = config_of().data
    batches = list(reading.read_inputs(reading.Source.test(config), None))
    longest = max(len(text) for _, texts in batches for text in texts)
    sizes = [(len(texts), sum(map(len, texts))) for _, texts in batches]
    assert len(sizes) > 5
    if name == "_BATCH_DOCUMENTS":
        assert max(count for count, _ in sizes) == limit
    else:
        assert max(total for _, total in sizes) <= limit + longest


def test_texts_are_taken_from_the_file_batch_by_batch(data, config_of, monkeypatch):
    taken = []

    def counted(*arguments, **options):
        for document in read_texts(*arguments, **options):
            taken.append(document.id)
            yield document

    read_texts = reading.read_texts
    monkeypatch.setattr(reading, "read_texts", counted)
    monkeypatch.setattr(reading, "_BATCH_DOCUMENTS", 5)
    batches = reading.read_inputs(reading.Source.test(config_of().data), None)
    next(batches)
    assert len(taken) == 5


@pytest.mark.parametrize("name", ["test.csv", "test.parquet", "test.tsv", "test.jsonl.gz"])
def test_any_format_gives_the_same_lines(name, tree_run, data, tmp_path):
    convert(data / "test.jsonl", tmp_path / name)
    predict_run(tree_run, tmp_path / name, output=tmp_path / "other.jsonl")
    predict_run(tree_run, data / "test.jsonl", output=tmp_path / "own.jsonl")
    assert (tmp_path / "other.jsonl").read_bytes() == (tmp_path / "own.jsonl").read_bytes()


def test_labels_are_not_needed_and_places_name_what_has_no_name(tree_run, tmp_path, records, monkeypatch):
    monkeypatch.setattr(reading, "_BATCH_DOCUMENTS", 2)
    file = tmp_path / "texts.txt"
    file.write_text("one text\n\nanother text\n", encoding="utf-8")
    predict_run(tree_run, file, output=tmp_path / "p.jsonl")
    assert [line["id"] for line in records(tmp_path / "p.jsonl")] == ["0", "1", "2"]


def test_standard_input_holds_one_text_a_line(tree_run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("über alles\nzwei\n".encode()), encoding="utf-8"))
    lines = []
    predict_run(tree_run, "-", k=1, write=lines.append)
    assert [json.loads(line)["id"] for line in lines] == ["0", "1"]


def test_output_is_compressed_as_its_name_says(tree_run, data, tmp_path):
    predict_run(tree_run, data / "test.jsonl", output=tmp_path / "p.jsonl.gz")
    predict_run(tree_run, data / "test.jsonl", output=tmp_path / "p.jsonl")
    with gzip.open(tmp_path / "p.jsonl.gz") as file:
        assert file.read() == (tmp_path / "p.jsonl").read_bytes()


def test_a_mistake_in_the_middle_leaves_the_former_output(tree_run, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_BATCH_DOCUMENTS", 1)
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "a"}\n{"text": "b"}\n{"text": 3}\n')
    out = tmp_path / "out.jsonl"
    out.write_text("former\n")
    with pytest.raises(InputError, match=r"bad\.jsonl:3: "):
        predict_run(tree_run, bad, output=out)
    assert out.read_text() == "former\n"
    assert {file.name for file in tmp_path.iterdir()} == {"bad.jsonl", "out.jsonl"}


def test_the_fields_of_the_training_make_up_the_text(tmp_path, records):
    rows = [{"title": f"t{i % 3}", "text": "same", "labels": [f"l{i % 3}"]} for i in range(60)]
    train = tmp_path / "train.jsonl"
    train.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = parse_config({"data": {"train": str(train), "text_fields": ["title", "text"]}, "model": "linear-ovr"})
    path = train_run(config, tmp_path / "run").path
    predict_run(path, train, k=1, output=tmp_path / "p.jsonl")
    assert [line["labels"] for line in records(tmp_path / "p.jsonl")[:3]] == [["l0"], ["l1"], ["l2"]]
    # A plain text has no fields: what the training says of them does not matter then, unless it is asked for here.
    (tmp_path / "x.txt").write_text("t2 same\n")
    predict_run(path, tmp_path / "x.txt", k=1, output=tmp_path / "p.jsonl")
    assert records(tmp_path / "p.jsonl")[0]["labels"] == ["l2"]
    with pytest.raises(ConfigError, match="text_fields"):
        predict_run(path, tmp_path / "x.txt", overrides=["data.text_fields=[title]"], output=tmp_path / "p.jsonl")


def test_the_model_of_a_run_cannot_be_assigned_to(tree_run, data):
    with pytest.raises(ConfigError, match="trained already"):
        predict_run(tree_run, data / "test.jsonl", overrides=["model.beam_width=3"])


def test_a_model_saved_from_python_predicts_and_is_measured(tmp_path, tree_run, data, records):
    load(tree_run).save(tmp_path / "saved")
    predict_run(tmp_path / "saved", data / "test.jsonl", output=tmp_path / "saved.jsonl")
    predict_run(tree_run, data / "test.jsonl", output=tmp_path / "run.jsonl")
    assert (tmp_path / "saved.jsonl").read_bytes() == (tmp_path / "run.jsonl").read_bytes()


def test_padding_is_left_out_and_names_are_not_escaped():
    space = LabelSpace(["Straße", "b", "c"])
    topk = TopK(np.array([[2, 0], [-1, -1]], np.int32), np.array([[0.1, 1e-7], [-np.inf, -np.inf]], np.float32))
    lines = list(prediction_lines(["x", "y"], topk, space))
    assert lines == [
        '{"id": "x", "labels": ["c", "Straße"], "scores": [0.1, 1e-07]}',
        '{"id": "y", "labels": [], "scores": []}',
    ]


def test_feature_vectors_are_predicted_in_their_order(tmp_path, records):
    rows = "".join(f"{i % 3} {1 + i % 3}:1 4:0.5\n" for i in range(30))
    (tmp_path / "train.svm").write_text(rows)
    path = train_run(parse_config({"data": {"train": str(tmp_path / "train.svm")}}), tmp_path / "run").path
    (tmp_path / "new.svm").write_text(" 2:1\n 3:1 4:0.5\n0 1:1\n")
    assert predict_run(path, tmp_path / "new.svm", k=1, output=tmp_path / "p.jsonl") == 3
    assert [line["labels"] for line in records(tmp_path / "p.jsonl")] == [["1"], ["2"], ["0"]]
    (tmp_path / "wide.svm").write_text("0 9:1\n")
    with pytest.raises(InputError, match=r"wide\.svm:1: .*beyond the 4 of the training"):
        predict_run(path, tmp_path / "wide.svm", output=tmp_path / "p.jsonl")
    (tmp_path / "x.txt").write_text("some text\n")
    with pytest.raises(ConfigError, match="holds texts, but the model was trained on 4 features"):
        predict_run(path, tmp_path / "x.txt", output=tmp_path / "p.jsonl")
