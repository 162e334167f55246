"""The page about a run: complete for every kind of model, honest where something is missing, nothing from elsewhere."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from manylabel.core.errors import InputError, MissingExtraError, RunError
from manylabel.core.run_directory import RunDirectory
from manylabel.data.feature_files import FeatureCorpus
from manylabel.models.base import load
from manylabel.report import page as shell
from manylabel.report.run.page import report_run
from manylabel.runs.curves import read_curves
from manylabel.runs.evaluate import evaluate_run

VOID = {"meta", "br", "img", "link", "hr"}


class Reader(HTMLParser):
    """Text of the page by section, and whether every tag is closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.section, self.text, self.ids = [], "", {}, []
        self.feed(page)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        if tag == "h2":
            self.section = given["id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text[self.section] = f"{self.text.get(self.section, '')} {' '.join(data.split())}"


def read(page):
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    links = re.findall(r'href="#([^"]+)"', page)
    assert set(links) <= set(reader.ids)
    assert re.findall(r"(?:src|href)=\"(?!#)|@import|<script|<link|<iframe", page) == []
    return reader.text


def test_every_model_has_a_whole_page(every_run):
    text = read(report_run(every_run))
    evaluation = evaluate_run(every_run)
    learning = {"learning"} if read_curves(RunDirectory.open(every_run)) else set()
    own = {"model"} if any(kind in str(every_run) for kind in ("attention-xml", "dual-encoder")) else set()
    assert set(text) == {"", "data", "metrics", "rare", "labels", "scores", "examples", "cost", "use"} | learning | own
    assert f"{100 * evaluation['P@1']:.2f}" in text["metrics"]
    low, high = evaluation.intervals["P@1"]
    assert f"{100 * low:.2f}..{100 * high:.2f}" in text["metrics"]
    assert "documents in 100" in text[""]
    assert "never predicted" in text["rare"]
    similar = "dual-encoder" in str(every_run)
    assert ("Scores are similarities" if similar else "Expected calibration error") in text["scores"]
    assert "Right" in text["examples"]
    assert "Missed" in text["examples"]
    assert "MB" in text["cost"] or "kB" in text["cost"]
    assert "manylabel predict" in text["use"]


def test_numbers_are_those_of_the_label_table(run_of):
    table = evaluate_run(run_of("linear-ovr")).label_table
    text = read(report_run(run_of("linear-ovr"), examples=0))
    precision = table.tp.sum() / (table.tp + table.fp).sum()
    recall = table.tp.sum() / table.support.sum()
    assert f"{100 * precision:.0f} are right" in text[""]
    assert f"it finds {100 * recall:.0f}." in text[""]
    never = int(((table.support > 0) & (table.tp + table.fp == 0)).sum())
    assert f"{never} of the {(table.support > 0).sum()} labels in the test part are never predicted" in text[""]


def test_no_examples_shows_no_text(run_of, data):
    words = json.loads((data / "test.jsonl").read_text().splitlines()[0])["text"]
    page = report_run(run_of("linear-ovr"), examples=0)
    assert "No examples were asked for" in read(page)["examples"]
    assert words not in page


def test_what_documents_hold_is_escaped(train, tmp_path, data):
    lines = [json.loads(line) for line in (data / "train.jsonl").read_text().splitlines()]
    nasty = "<script>alert(1)</script> & $x_1$"
    for number, line in enumerate(lines):
        line["text"] = f"{nasty} {line['text']}"
        line["labels"] = [f"{nasty} {label}" for label in line["labels"]]
        line["id"] = f"{nasty} {number}"
    file = tmp_path / "train.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    run = train("linear-ovr", train=str(file), test=str(file))
    page = report_run(run)
    assert "<script" not in page
    assert nasty in read(page)["examples"]


def test_without_a_test_part_the_page_says_so(train, data):
    run = train("linear-tree", test=None)
    text = read(report_run(run))
    assert set(text) == {"", "data", "cost", "use"}
    assert "trained without a test part" in text[""]
    # With data named, the same run is measured.
    text = read(report_run(run, data / "test.jsonl", examples=1))
    assert "Measured on 100 documents of test.jsonl" in text[""]
    assert {"metrics", "rare", "examples"} <= set(text)


def test_a_test_part_that_is_gone_leaves_the_stored_metrics(train, data, tmp_path):
    file = tmp_path / "test.jsonl"
    shutil.copy(data / "test.jsonl", file)
    run = train("linear-tree", test=str(file))
    file.unlink()
    text = read(report_run(run))
    assert "no longer there" in text[""]
    assert f"{100 * json.loads((run / 'metrics.json').read_text())['P@1']:.2f}" in text["metrics"]
    assert "As stored with the run" in text["metrics"]
    assert "examples" not in text


def test_metrics_of_another_version_are_refused_in_a_line(run_of, tmp_path):
    from manylabel.core.run_directory import RunDirectory

    run = tmp_path / "run"
    shutil.copytree(run_of("linear-ovr"), run)
    directory = RunDirectory.open(run)
    config = re.sub(r"test: \S+", "test: gone.jsonl", directory.read_text("config.yaml"))
    with directory.amend() as writer:
        writer.text("config.yaml", config)
        writer.json("metrics.json", {"precision": 0.5})
    with pytest.raises(RunError, match=r"metrics\.[0-9a-f]+\.json: is not what this version stores"):
        report_run(run)


def test_other_cuts_make_other_groups(run_of):
    run = run_of("linear-ovr")
    counts = load(run).labels.counts
    text = read(report_run(run, examples=0, overrides=["evaluate.cuts=[3, 20]"]))
    assert f"head >= 20 {(counts >= 20).sum()}" in " ".join(text["data"].split())


def test_a_test_part_that_changed_is_refused(train, data, tmp_path):
    file = tmp_path / "test.jsonl"
    shutil.copy(data / "test.jsonl", file)
    run = train("linear-tree", test=str(file))
    file.write_text("\n".join(file.read_text().splitlines()[:50]) + "\n")
    with pytest.raises(InputError, match="not the test part"):
        report_run(run)


def test_a_model_of_feature_vectors_has_no_examples(train, data, tmp_path):
    from manylabel.core.corpus import Corpus
    from manylabel.data.feature_files import write_features
    from manylabel.text.tfidf import Tfidf

    corpora = [Corpus.read(data / f"{part}.jsonl") for part in ("train", "test")]
    tfidf = Tfidf().fit(corpora[0].texts)
    for part, corpus in zip(("train", "test"), corpora, strict=True):
        features = FeatureCorpus(tfidf.transform(corpus.texts), corpus.positives, corpus.labels)
        write_features(features.numbered(), tmp_path / f"{part}.svm")
    run = train("linear-ovr", train=str(tmp_path / "train.svm"), test=str(tmp_path / "test.svm"))
    text = read(report_run(run))
    assert "trained on feature vectors, so there are no texts to show" in text["examples"]
    assert "CSR rows of features" in text["use"]


def test_margins_are_no_probabilities(train):
    text = read(report_run(train("linear-ovr", "model.solver.loss=squared-hinge"), examples=1))
    assert "Scores are margins" in text["scores"]
    assert "calibration error" not in text["scores"]


def test_a_run_saved_from_python(run_of, data, tmp_path):
    load(run_of("linear-ovr")).save(tmp_path / "saved")
    text = read(report_run(tmp_path / "saved"))
    assert "saved from Python" in text["data"]
    assert "saved from Python" in text["cost"]
    measured = read(report_run(tmp_path / "saved", data / "test.jsonl", examples=1))
    assert "Right" in measured["examples"]


def test_learning_curves_where_there_were_epochs(run_of, tmp_path):
    from manylabel.core.run_directory import RunDirectory

    run = tmp_path / "run"
    shutil.copytree(run_of("linear-ovr"), run)
    directory = RunDirectory.open(run)
    epochs = [
        {"stage": "epoch", "epoch": i, "train": {"loss": 1 / i, "P@1": i / 10}, "validation": {"loss": 1.5 / i}}
        for i in range(1, 5)
    ]
    with directory.amend() as writer:
        writer.text(
            "history.jsonl", directory.read_text("history.jsonl") + "".join(f"{json.dumps(e)}\n" for e in epochs)
        )
    page = report_run(run, examples=0)
    text = read(page)
    assert "loss" in text["learning"]
    assert "validation 0.375" in page
    assert "epoch" not in text["cost"]


def test_a_decision_is_told_and_makes_the_label_sets(run_of, tmp_path):
    from manylabel.core.run_directory import RunDirectory
    from manylabel.decide import METHODS
    from manylabel.decide.decision import Decision

    run = tmp_path / "run"
    shutil.copytree(run_of("linear-ovr"), run)
    method = METHODS.load("top-n")(METHODS.section("top-n").parse({"n": 2}, source="test"))
    with RunDirectory.open(run).amend() as writer:
        Decision(method, None, 10).write(writer)
    text = read(report_run(run, examples=1))
    assert "top-n" in text["decision"]
    assert f"{100 * evaluate_run(run)['micro-F1']:.2f}" in text["metrics"]
    assert evaluate_run(run)["micro-F1"] != evaluate_run(run_of("linear-ovr"))["micro-F1"]


def test_the_doctor_is_asked_on_request(run_of):
    run = run_of("linear-ovr")
    page = report_run(run, examples=1, doctor=True)
    text = read(page)["diagnosis"]
    assert "rare labels" in text
    assert "Looked at: " in text
    assert "What to look at" not in report_run(run, examples=0)
    assert "examples</summary>" not in report_run(run, examples=0, doctor=True)


def test_the_extra_is_asked_for_before_any_work(run_of, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(shell, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'manylabel\[report\]'"):
        report_run(run_of("linear-ovr"))
