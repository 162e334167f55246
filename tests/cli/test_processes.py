"""The command line as processes: what is imported, how interruptions end, what another process reads back."""

import json
import signal
import subprocess
import sys

import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.siblings import unfinished_path
from manylabel.models.base import load

HEAVY = ("torch", "transformers", "numpy", "scipy", "numba", "sklearn", "pandas", "pyarrow", "rich", "yaml")

# Says when a stage is done and waits there, so that the test interrupts at a known place.
PAUSING = """
import sys, time
from manylabel.cli.main import main
from manylabel.runs.history import RecordedStages
plain = RecordedStages.run
def run(self, name, compute):
    arrays = plain(self, name, compute)
    if name == sys.argv[1]:
        print("at", name, flush=True)
        time.sleep(120)
    return arrays
RecordedStages.run = run
main(sys.argv[2:])
"""


def imported(script):
    code = f"import sys\n{script}\nprint(*sorted(set(sys.modules)), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def test_help_and_import_load_nothing_heavy():
    asked = "from manylabel.cli.main import app\napp(args=['train', '--help'], standalone_mode=False)"
    assert not imported(asked) & set(HEAVY)
    assert not imported("import manylabel") & set(HEAVY)


def test_checking_a_configuration_needs_no_compiler_and_training_no_torch(data, tmp_path):
    checked = "from manylabel.runs.config import parse_config\nparse_config({'data': {'train': 'a'}})"
    assert not imported(checked) & {"torch", "numba", "sklearn"}
    trained = (
        "from manylabel.runs.config import parse_config\nfrom manylabel.runs.train import train_run\n"
        f"train_run(parse_config({{'data': {{'train': {str(data / 'train.jsonl')!r}}}}}), {str(tmp_path / 'r')!r})"
    )
    assert not imported(trained) & {"torch", "transformers"}


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    from manylabel.runs.config import parse_config
    from manylabel.runs.train import train_run

    path = tmp_path_factory.mktemp("runs") / "whole"
    sections = {"data": {"train": str(data / "train.jsonl")}, "model": "linear-tree"}
    return train_run(parse_config(sections, ["model.trees=2"]), path).path


@pytest.mark.parametrize(
    ("number", "stage", "code"),
    [
        (signal.SIGINT, "tree0-clusters", 130),
        (signal.SIGTERM, "tree0-nodes-0", 143),
        (signal.SIGKILL, "tree1-clusters", -9),
    ],
)
def test_a_killed_training_resumes_to_the_same_bits(number, stage, code, process, data, tmp_path, uninterrupted):
    path = tmp_path / "run"
    arguments = ["train", "--data", data / "train.jsonl", "--model", "linear-tree", "--set", "model.trees=2"]
    arguments += ["--run", path]
    running = process(stage, *arguments, script=PAUSING)
    assert running.stdout.readline() == f"at {stage}\n"
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == code
    assert "Traceback" not in errors
    assert not path.exists()
    assert unfinished_path(path).is_dir()
    if number != signal.SIGKILL:
        assert f"manylabel train --run {path} --resume" in errors
    resumed = process("train", "--run", path, "--resume")
    _, errors = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, errors
    texts = Corpus.read(data / "test.jsonl").texts
    ours, whole = load(path).predict(texts, 7), load(uninterrupted).predict(texts, 7)
    assert ours.indices.tobytes() == whole.indices.tobytes()
    assert ours.scores.tobytes() == whole.scores.tobytes()
    stages = [json.loads(line)["stage"] for line in (path / "history.jsonl").read_text().splitlines()]
    assert len(stages) == len(set(stages) - {"read"}) + 2


def test_another_process_predicts_the_same_bits(process, data, tree_run, tmp_path, records):
    topk = load(tree_run).predict(Corpus.read(data / "test.jsonl").texts, 5)
    other = process("predict", tree_run, data / "test.jsonl", "-k", "5", "-q")
    out, errors = other.communicate(timeout=60)
    assert (other.returncode, errors) == (0, "")
    for row, line in enumerate(records(out)):
        found = topk.indices[row] >= 0
        assert line["labels"] == topk.labels.names_of(topk.indices[row][found])
        assert line["scores"] == [float(str(score)) for score in topk.scores[row][found]]


def test_a_reader_that_goes_away_is_no_bug(process, tree_run, tmp_path):
    many = tmp_path / "many.txt"
    many.write_text("some words here\n" * 20_000)
    with process("predict", tree_run, many) as running:
        running.stdout.readline()
        running.stdout.close()
        errors = running.stderr.read()
    assert running.returncode == 128 + signal.SIGPIPE
    assert "Traceback" not in errors
    assert "Exception" not in errors
