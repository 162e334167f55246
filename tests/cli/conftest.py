"""The command line called in this process, and a small corpus for it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest

from manylabel.cli.main import app
from manylabel.data.generate import GeneratorConfig, write_generated


@dataclass
class Outcome:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def errors(self):
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


@pytest.fixture
def cli(capsys):
    """Runs a command line; anything but an exit is a bug and gets through."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            app(args=[str(item) for item in arguments], prog_name="manylabel")
        captured = capsys.readouterr()
        return Outcome(caught.value.code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def process():
    """Starts a command line as a process of its own."""
    # A shell starts what it puts in the background with Ctrl-C ignored, and children would inherit that.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(*arguments, script=None, **options):
        command = [sys.executable, *(["-c", script] if script else ["-m", "manylabel"]), *map(str, arguments)]
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options
        )

    return start


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Folder with ``train.jsonl``, ``test.jsonl`` and ``labels.jsonl``."""
    folder = tmp_path_factory.mktemp("data")
    write_generated(GeneratorConfig(documents=400, labels=40, words_per_document=12.0, test_share=0.25), folder)
    return folder


@pytest.fixture(scope="session")
def tree_run(data, tmp_path_factory):
    """A finished run of `linear-tree` with a test part."""
    from manylabel.runs.config import parse_config
    from manylabel.runs.train import train_run

    sections = {"data": {"train": str(data / "train.jsonl"), "test": str(data / "test.jsonl")}, "model": "linear-tree"}
    config = parse_config(sections, ["evaluate.n_bootstrap=20", "model.tree.leaf_size=5"])
    return train_run(config, tmp_path_factory.mktemp("runs") / "tree").path


@pytest.fixture(scope="session")
def records():
    """Reads JSON Lines."""

    def read(text):
        return [json.loads(line) for line in text.splitlines()]

    return read
