"""``manylabel data inspect``: output, options, bad input, interruption."""

import json
import signal
import time

import pytest

GOOD = "text,labels\n" + "".join(f"one two three {i} word{i},x|y{i % 3}\n" for i in range(60))


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(GOOD)
    return file


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


def test_facts_and_findings_go_to_standard_output_notes_to_standard_error(cli, table):
    done = cli("data", "inspect", table)
    assert done.code == 0
    assert done.out.splitlines()[0].strip() == "train"
    assert "WARNING  ubiquitous-labels" in done.out
    assert "What to do:" in done.out
    assert "60 documents" in done.err


def test_json_is_one_object(cli, table):
    done = cli("data", "inspect", table, "--test", table, "--json", "-q", "--set", "inspect.examples=1")
    found = json.loads(done.out)
    assert found["statistics"]["parts"]["test"]["documents"] == 60
    across = next(item for item in found["findings"] if item["rule"] == "duplicates-across-parts")
    assert (across["evidence"]["equal"], len(across["examples"])) == (60, 1)
    assert done.err == ""


def test_a_page_is_written_and_not_replaced_unasked(cli, table, tmp_path):
    page = tmp_path / "page.html"
    assert cli("data", "inspect", table, "--html", page, "-q").code == 0
    assert page.read_text().startswith("<!doctype html>")
    page.write_text("mine")
    refused = cli("data", "inspect", table, "--html", page)
    assert (refused.code, len(refused.errors), page.read_text()) == (2, 1, "mine")
    assert "--overwrite" in refused.err
    assert cli("data", "inspect", table, "--html", page, "--overwrite", "-q").code == 0
    assert page.read_text() != "mine"
    assert listing(tmp_path) == ["mine.csv", "page.html"]


def test_rules_can_be_left_out_and_are_listed(cli, table):
    names = json.loads(cli("list", "rules", "--json").out)
    assert "near-duplicates" in names
    skipped = [part for name in names for part in ("--skip", name)]
    assert "No findings." in cli("data", "inspect", table, *skipped, "-q").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.csv"], ["nothing.csv", "no such file"]),
        (["mine.csv", "--test", "nothing.csv"], ["nothing.csv", "no such file"]),
        (["mine.csv", "--validation", "nothing.csv"], ["nothing.csv", "no such file"]),
        (["mine.csv", "--labels", "nothing.jsonl"], ["nothing.jsonl", "no such file"]),
        (["mine.csv", "--labels", "labels.jsonl"], ["mine.csv:2", "not in the label file"]),
        (["broken.jsonl"], ["broken.jsonl:2", "JSON"]),
        (["empty.csv"], ["empty.csv"]),
        (["none.jsonl"], ["none.jsonl", "no document has a label"]),
        (["vectors.svm"], ["vectors.svm", "only texts can be inspected"]),
        (["mine.csv", "--skip", "near-duplicate"], ["did you mean 'near-duplicates'"]),
        (["mine.csv", "--set", "inspect.similarity=2"], ["similarity"]),
        (["mine.csv", "--set", "inspect.cuts=[100,10]"], ["cuts"]),
        (["mine.csv", "--set", "inspect.similarty=0.9"], ["did you mean 'similarity'"]),
        (["mine.csv", "--set", "model.kind=fused"], ["--set model", "data.NAME=VALUE or inspect.NAME=VALUE"]),
        (["mine.csv", "--format", "cvs"], ["did you mean 'csv'"]),
        (["mine.csv", "--html", "folder"], ["folder", "is a directory"]),
        (["mine.csv", "--html", "empty.csv/page.html"], ["empty.csv/page.html", "cannot be written"]),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(arguments, words, cli, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.jsonl").write_text('{"label": "x"}\n')
    (tmp_path / "broken.jsonl").write_text('{"text": "a", "labels": ["x"]}\n{"text": \n')
    (tmp_path / "none.jsonl").write_text('{"text": "a", "labels": []}\n')
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "vectors.svm").write_text("0 1:1.0\n1 2:1.0\n")
    (tmp_path / "folder").mkdir()
    before = listing(tmp_path)
    page = [] if "--html" in arguments else ["--html", "page.html"]
    done = cli("data", "inspect", *arguments, *page)
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert done.err.splitlines()[-1] == done.errors[0]
    for word in words:
        assert word in done.errors[0]
    assert listing(tmp_path) == before


def test_interrupted_it_leaves_nothing(process, tmp_path):
    texts = [" ".join(f"w{(i * j) % 997}" for j in range(60)) for i in range(3000)]
    lines = [json.dumps({"text": text, "labels": [f"l{i % 7}"]}) for i, text in enumerate(texts)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    running = process("data", "inspect", tmp_path / "train.jsonl", "--html", tmp_path / "page.html")
    assert running.stderr.readline()  # the documents are read
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "error: interrupted"
    assert listing(tmp_path) == ["train.jsonl"]
