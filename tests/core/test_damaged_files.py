"""Thousands of damaged files: readers answer with an error of ours, or with data of the right kind."""

import json
import random

import numpy as np
import pytest
from mutations import damaged_bytes, damaged_value
from test_config_sections import Whole

from manylabel.core.arrays import load_arrays, save_arrays
from manylabel.core.config import read_yaml, to_yaml
from manylabel.core.errors import ConfigError, InputError, RunError
from manylabel.core.labels import LabelSpace
from manylabel.core.manifest import _own_sum
from manylabel.core.run_directory import RunDirectory, write_run

ROUNDS = 400


def outcomes(read, error, count=ROUNDS):
    """How often reading succeeded and failed; any other error is the test's."""
    good = bad = 0
    for number in range(count):
        try:
            read(random.Random(number))
        except error:
            bad += 1
        else:
            good += 1
    return good, bad


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    with write_run(path) as writer:
        writer.info.update(kind="linear-tree", data={"documents": 3, "digest": "ab"})
        writer.text("config.yaml", "a: 1\n")
        writer.text("labels.jsonl", "{}\n")
    return path


def test_manifests(run):
    content = (run / "manifest.json").read_bytes()

    def damaged(rng):
        (run / "manifest.json").write_bytes(damaged_bytes(rng, content))
        RunDirectory.open(run)

    good, bad = outcomes(damaged, RunError)
    assert bad > 0.8 * ROUNDS  # the rest changed spacing, or nothing

    def skilful(rng):
        manifest = damaged_value(rng, json.loads(content))
        if isinstance(manifest, dict) and {"format", "info", "files"} <= set(manifest):
            manifest["sha256"] = _own_sum(manifest)
        (run / "manifest.json").write_text(json.dumps(manifest))
        opened = RunDirectory.open(run)
        assert isinstance(opened.manifest["info"], dict)
        for name in opened.manifest["files"]:
            assert opened.file(name).resolve().parent == run.resolve()

    good, bad = outcomes(skilful, RunError)
    assert good > 10
    assert bad > 0.4 * ROUNDS


def test_headers_of_arrays(tmp_path):
    path = tmp_path / "a.safetensors"
    save_arrays(path, {"weights": np.arange(12, dtype=np.float32).reshape(3, 4), "sizes": np.arange(5, dtype=np.int64)})
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, data = content[8 : 8 + length], content[8 + length :]

    def read():
        for array in load_arrays(path).values():
            assert array.nbytes <= len(content)
            array.sum()

    def anywhere(rng):
        path.write_bytes(damaged_bytes(rng, content))
        read()

    def in_the_header(rng):
        changed = json.dumps(damaged_value(rng, json.loads(header))).encode()
        path.write_bytes(len(changed).to_bytes(8, "little") + changed + data)
        read()

    assert min(outcomes(anywhere, RunError)) > 10
    assert min(outcomes(in_the_header, RunError)) > 3


def test_label_files(tmp_path):
    path = tmp_path / "labels.jsonl"
    space = LabelSpace(
        ["a", "bé", "c"],
        texts=["x", None, "z"],
        alternatives=[(), ("y",), ()],
        parents=[("b",), (), ()],
        counts=np.array([1, 2, 3]),
        n_documents=4,
    )
    content = space.to_jsonl()

    def read():
        found = LabelSpace.from_jsonl(path)
        found.digest()
        assert found.n_documents is None or found.n_documents >= 0
        assert all(isinstance(text, str) for text in [*found, *(found.texts or [])] if text is not None)
        path.write_text(found.to_jsonl(), encoding="utf-8")

    def anywhere(rng):
        path.write_bytes(damaged_bytes(rng, content.encode()))
        read()

    def in_a_record(rng):
        lines = content.splitlines()
        place = rng.randrange(len(lines))
        lines[place] = json.dumps(damaged_value(rng, json.loads(lines[place])))
        path.write_text("\n".join(lines) + "\n")
        read()

    assert min(outcomes(anywhere, InputError)) > 10
    assert min(outcomes(in_a_record, InputError)) > 10


def test_configurations(tmp_path):
    path = tmp_path / "config.yaml"
    content = to_yaml(Whole(name="some name", shape=(1, 2))).encode()

    def anywhere(rng):
        path.write_bytes(damaged_bytes(rng, content))
        assert isinstance(Whole.parse(read_yaml(path), source=str(path)), Whole)

    def in_a_value(rng):
        values = damaged_value(rng, Whole(name="some name", shape=(1, 2)).model_dump(mode="json"))
        assert isinstance(Whole.parse(values), Whole)

    assert min(outcomes(anywhere, (ConfigError, InputError))) > 10
    assert min(outcomes(in_a_value, ConfigError)) > 10
