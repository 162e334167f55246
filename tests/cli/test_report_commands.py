"""``report``, ``explain`` and ``compare --html``: where their output goes, and what is refused."""

import json
import shutil
import signal

import pytest

# Says when the page is being made and waits there, so that the test interrupts at a known place.
PAUSING = """
import sys, time
from manylabel.cli.main import main
from manylabel.report.run import page
plain = page.measure_run
def measure_run(*arguments):
    found = plain(*arguments)
    print("measured", flush=True)
    time.sleep(120)
    return found
page.measure_run = measure_run
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def pair(data, tree_run, tmp_path_factory):
    """A second run beside the first."""
    from manylabel.runs.config import parse_config
    from manylabel.runs.train import train_run

    sections = {"data": {"train": str(data / "train.jsonl"), "test": str(data / "test.jsonl")}, "model": "linear-ovr"}
    other = train_run(parse_config(sections, ["evaluate.n_bootstrap=20"]), tmp_path_factory.mktemp("runs") / "ovr")
    return tree_run, other.path


def test_the_page_lies_beside_the_run_or_where_it_is_asked_for(cli, tree_run, tmp_path):
    done = cli("report", tree_run, "--examples", 1)
    assert done.code == 0
    assert done.out == f"{tree_run}.html\n"
    assert "Measured on" in done.err
    page = (tree_run.parent / "tree.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    asked = cli("report", tree_run, "-o", tmp_path / "new" / "a.html", "--examples", 1, "-q")
    assert (asked.out, asked.err) == (f"{tmp_path / 'new' / 'a.html'}\n", "")
    assert (tmp_path / "new" / "a.html").read_text(encoding="utf-8") == page


def test_what_cannot_be_reported_leaves_what_lies_there(cli, tree_run, tmp_path, data):
    target = tmp_path / "page.html"
    target.write_text("old")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "a", "labels": 3}\n')
    for arguments, word in (
        (["report", tmp_path / "nowhere"], "no such run"),
        (["report", tree_run, "--data", tmp_path / "gone.jsonl"], "gone.jsonl"),
        (["report", tree_run, "--data", bad], "bad.jsonl:1: "),
        (["report", tree_run, "--set", "model.seed=3"], "trained already"),
    ):
        done = cli(*arguments, "-o", target)
        assert done.code == 2
        assert len(done.errors) == 1
        assert word in done.errors[0]
        assert done.out == ""
    assert target.read_text() == "old"
    assert "directory" in cli("report", tree_run, "-o", tmp_path).errors[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "page.html"]


def test_an_interrupted_report_leaves_nothing(process, tree_run, tmp_path):
    started = process("report", tree_run, "-o", tmp_path / "page.html", script=PAUSING)
    assert started.stdout.readline() == "measured\n"
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "error: interrupted"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_one_line(cli, tree_run, tmp_path, monkeypatch, pair):
    from manylabel.report import page

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(page, "import_module", missing)
    for arguments in (
        ["report", tree_run, "-o", tmp_path / "a.html"],
        ["compare", *pair, "--html", tmp_path / "a.html"],
    ):
        done = cli(*arguments)
        assert done.code == 2
        assert done.errors == [done.err.strip()]  # before any work
        assert "pip install 'manylabel[report]'" in done.errors[0]


def test_explain_names_words(cli, tree_run, pair, data):
    text = json.loads((data / "test.jsonl").read_text().splitlines()[0])["text"]
    lines = cli("explain", tree_run, text, "-k", 2).out.splitlines()
    assert lines[0].startswith("weights: ")
    assert sum(" probability " in line for line in lines) == 2
    assert any(line.startswith("  path: for      ") for line in lines)
    assert any(line.startswith("  label: against  ") for line in lines)
    plain = cli("explain", pair[1], text, "-k", 1, "--words", 2).out.splitlines()
    assert plain[3].startswith("  for      ")
    assert plain[3].count(",") <= 1


def test_explain_as_json_and_of_a_label(cli, pair, data):
    document = json.loads((data / "test.jsonl").read_text().splitlines()[0])
    found = json.loads(cli("explain", pair[1], document["text"], "--json", "--label", document["labels"][0]).out)
    (label,) = found["labels"]
    assert label["label"] == document["labels"][0]
    (step,) = label["steps"]
    assert step["total"] == pytest.approx(label["score"], abs=1e-5)
    assert {word["text"].lower() for word in step["for"]} <= set(document["text"].lower().split())


def test_explain_says_what_a_decision_assigns(cli, pair, data, tmp_path):
    from manylabel.core.run_directory import RunDirectory
    from manylabel.decide import METHODS
    from manylabel.decide.decision import Decision

    run = tmp_path / "run"
    shutil.copytree(pair[1], run)
    method = METHODS.load("top-n")(METHODS.section("top-n").parse({"n": 2}, source="test"))
    with RunDirectory.open(run).amend() as writer:
        Decision(method, None, 10).write(writer)
    text = json.loads((data / "test.jsonl").read_text().splitlines()[0])["text"]
    heads = [line for line in cli("explain", run, text, "-k", 3).out.splitlines() if line.endswith("assigned")]
    assert [line.endswith(", assigned") for line in heads] == [True, True, False]
    found = json.loads(cli("explain", run, text, "-k", 3, "--json").out)
    assert [label["assigned"] for label in found["labels"]] == [True, True, False]


def test_explain_refuses(cli, tree_run, tmp_path):
    for arguments, word in (
        ([tree_run, "  "], "the text is empty"),
        ([tree_run, "a text", "--label", "no such label"], "unknown label 'no such label'"),
        ([tmp_path / "nowhere", "a text"], "no such run"),
        ([tree_run, "a text", "-k", "0"], "--k"),
    ):
        done = cli("explain", *arguments)
        assert done.code == 2
        assert len(done.errors) == 1
        assert word in done.errors[0]
        assert done.out == ""


def test_explain_reads_standard_input(cli, tree_run, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("some words of a text\n"))
    assert cli("explain", tree_run, "-", "-k", 1).code == 0


def test_compare_writes_a_page_and_prints_all_the_same(cli, pair, tmp_path):
    done = cli("compare", *pair, "--html", tmp_path / "c.html", "-q")
    assert done.out.startswith("metric (%)")
    assert "│" in done.out
    assert "Compared on the same 100 test documents" in (tmp_path / "c.html").read_text(encoding="utf-8")
    found = json.loads(cli("compare", *pair, "--json").out)["comparisons"][0]
    assert sum(item["labels"] for item in found["by_frequency"]) > 0
    refused = cli("compare", pair[0], "--html", tmp_path / "d.html")
    assert "at least two runs" in refused.errors[0]
    assert not (tmp_path / "d.html").exists()
