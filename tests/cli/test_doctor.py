"""``manylabel doctor``: what it prints where, that it changes nothing, and one line for each thing that is wrong."""

import hashlib
import json
import shutil
import signal
import time

import pytest

from manylabel.core.run_directory import RunDirectory
from manylabel.report.doctor import RULES


def state(folder):
    """Every file below a folder with its content and time."""
    return {
        path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def run(tree_run, tmp_path):
    return shutil.copytree(tree_run, tmp_path / "run")


def test_it_prints_findings_and_changes_nothing(cli, run):
    before = state(run)
    done = cli("doctor", run)
    assert (done.code, done.errors) == (0, [])
    assert done.out.startswith(f"{run}: linear-tree, ")
    assert "1. " in done.out
    assert "Looked at: reproduction" in done.out
    assert "--set " in done.out
    assert f"manylabel train {run}/config.yaml --run NEW" in done.out
    assert state(run) == before


def test_json_is_one_object(cli, run):
    done = cli("doctor", run, "--json", "-q")
    found = json.loads(done.out)
    assert done.err == ""
    assert set(found) == {"run", "subject", "findings", "looked_at", "not_looked_at"}
    assert set(found["looked_at"]) | set(found["not_looked_at"]) == set(RULES)
    order = [finding["severity"] for finding in found["findings"]]
    assert order == sorted(order, key=["serious", "warning", "note"].index)


def test_rules_are_listed(cli):
    assert set(json.loads(cli("list", "diagnoses", "--json").out)) == set(RULES)


def test_moved_data_is_named_and_known_again(cli, run, data, tmp_path):
    for name in ("train", "test"):
        shutil.copy(data / f"{name}.jsonl", tmp_path / f"moved-{name}.jsonl")
    done = cli("doctor", run, "--data", tmp_path / "moved-test.jsonl", "--train", tmp_path / "moved-train.jsonl")
    assert done.code == 0
    assert "reproduction" in done.out.partition("Looked at:")[2].partition("Could not")[0]


def test_other_documents_are_measured_but_not_held_against_the_record(cli, run, data, tmp_path):
    lines = (data / "test.jsonl").read_text().splitlines()[:50]
    (tmp_path / "new.jsonl").write_text("\n".join(lines) + "\n")
    found = json.loads(cli("doctor", run, "--data", tmp_path / "new.jsonl", "--json").out)
    assert "not those that the recorded metrics" in found["not_looked_at"]["reproduction"]


def refused(outcome, *words):
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.errors) == 1
    for word in words:
        assert word in outcome.errors[0]


def test_what_is_no_run(cli, tmp_path):
    refused(cli("doctor", tmp_path / "none"), "no such run")
    refused(cli("doctor", tmp_path), "not a run directory")


def test_a_run_without_a_test_part_needs_data(cli, data, tmp_path):
    assert cli("train", "--data", data / "train.jsonl", "--model", "linear-ovr", "--run", tmp_path / "r").code == 0
    before = state(tmp_path / "r")
    refused(cli("doctor", tmp_path / "r"), "without a test part", "--data FILE")
    done = cli("doctor", tmp_path / "r", "--data", data / "test.jsonl", "--json")
    assert json.loads(done.out)["not_looked_at"]["reproduction"] == "the run has no recorded metrics"
    assert state(tmp_path / "r") == before


def test_a_run_of_a_newer_version(cli, run):
    file = run / "manifest.json"
    manifest = json.loads(file.read_text())
    file.write_text(json.dumps({**manifest, "format": 99}))
    refused(cli("doctor", run), "newer than this manylabel")


def test_a_model_that_this_version_does_not_know(cli, run):
    directory = RunDirectory.open(run)
    with directory.amend() as writer:
        writer.text("config.yaml", directory.read_text("config.yaml").replace("linear-tree", "linear-shrub"))
    refused(cli("doctor", run), "linear-shrub", "unknown to manylabel")


def test_a_damaged_run(cli, run):
    (run / "labels.jsonl").write_text("")
    refused(cli("doctor", run), "labels.jsonl", "copy the run again")


def test_data_that_has_changed(cli, data, tmp_path):
    for name in ("train", "test"):
        shutil.copy(data / f"{name}.jsonl", tmp_path / f"{name}.jsonl")
    files = ["--data", tmp_path / "train.jsonl", "--test", tmp_path / "test.jsonl"]
    assert cli("train", *files, "--model", "linear-ovr", "--run", tmp_path / "r").code == 0
    changed = (data / "test.jsonl").read_text().splitlines()[1:]
    (tmp_path / "test.jsonl").write_text("\n".join(changed) + "\n")
    refused(cli("doctor", tmp_path / "r"), "test.jsonl: is not the test part", "name the data")
    (tmp_path / "test.jsonl").unlink()
    refused(cli("doctor", tmp_path / "r"), "test.jsonl: no such file")


def test_training_data_that_is_not_that_of_the_run(cli, run, data, tmp_path):
    refused(cli("doctor", run, "--train", data / "test.jsonl"), "is not what", "was trained on", "--train")
    refused(cli("doctor", run, "--train", tmp_path / "none.jsonl"), "none.jsonl: no such file")


def test_assignments_to_the_model_are_refused(cli, run):
    refused(cli("doctor", run, "--set", "model.trees=3"), "trained already")
    refused(cli("doctor", run, "--set", "evaluate.treshold=3"), "did you mean 'threshold'")


def test_ctrl_c_ends_it_with_one_line_and_nothing_changed(process, run):
    before = state(run)
    started = process("doctor", run)
    line = started.stderr.readline()
    time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert line
    if started.returncode != 0:  # it may have been done by then
        assert (started.returncode, out) == (130, "")
        assert err.splitlines()[-1] == "error: interrupted"
    assert state(run) == before
