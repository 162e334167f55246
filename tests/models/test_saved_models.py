"""Saved models: the same predictions in another process, nothing run on load, and damage with a name."""

import hashlib
import json
import pickle
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from model_cases import CASES, corpora, feature_corpora, make, same

import manylabel
from manylabel import load
from manylabel.core.arrays import load_arrays, save_arrays
from manylabel.core.errors import ManylabelError, RunError
from manylabel.core.manifest import _own_sum

TEXTS = corpora()[1].texts


def digest(topk):
    return hashlib.sha256(topk.indices.tobytes() + topk.scores.tobytes() + topk.kind.encode()).hexdigest()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Every model fitted and saved: name of the case to (folder, model)."""
    folder = tmp_path_factory.mktemp("saved")
    found = {}
    for number, case in enumerate(CASES):
        model = make(case).fit(corpora()[0])
        model.save(folder / str(number))
        found[case] = (folder / str(number), model)
    return found


@pytest.fixture
def run(saved, tmp_path):
    """A copy of a saved tree to do harm to."""
    return Path(shutil.copytree(saved["linear-tree"][0], tmp_path / "run"))


FRESH = """
import hashlib, json, sys
from manylabel import load
texts = json.load(sys.stdin)
for path in sys.argv[1:]:
    topk = load(path).predict(texts, 7)
    alone = load(path).predict(texts[:1], 7)
    assert alone.scores.tobytes() == topk.scores[:1].tobytes()
    content = topk.indices.tobytes() + topk.scores.tobytes() + topk.kind.encode()
    print(hashlib.sha256(content).hexdigest(), topk.labels.digest())
"""


def test_a_fresh_process_elsewhere_predicts_the_same_bits(saved, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-c", FRESH, *(str(path) for path, _ in saved.values())]
    result = subprocess.run(
        command, input=json.dumps(list(TEXTS)), capture_output=True, text=True, cwd=elsewhere, timeout=240
    )
    assert result.returncode == 0, result.stderr
    expected = [f"{digest(model.predict(TEXTS, 7))} {model.labels.digest()}" for _, model in saved.values()]
    assert result.stdout.splitlines() == expected
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("case", CASES)
def test_what_is_loaded_is_what_was_saved(saved, case, monkeypatch, tmp_path):
    path, model = saved[case]
    monkeypatch.chdir(path.parent)
    for where in (path, str(path), path.name):
        loaded = load(where)
        assert type(loaded) is type(model)
        assert loaded.config == model.config
        assert loaded.labels == model.labels
        assert loaded.labels.counts.tolist() == model.labels.counts.tolist()
        assert loaded.labels.text_of(3) == model.labels.text_of(3)
        assert same(loaded.predict(TEXTS, 7), model.predict(TEXTS, 7))
    loaded.save(tmp_path / "again")
    names = sorted(file.name for file in path.iterdir() if file.name != "manifest.json")
    assert {"labels.jsonl", "config.yaml"} < set(names)
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (path / name).read_bytes()


@pytest.mark.parametrize("case", ["linear-tree", "linear-ovr"])
def test_two_fits_save_the_same_bytes(saved, case, tmp_path):
    make(case).fit(corpora()[0]).save(tmp_path / "run")
    for name in ("model.safetensors", "labels.jsonl", "config.yaml"):
        assert (tmp_path / "run" / name).read_bytes() == (saved[case][0] / name).read_bytes()


@pytest.mark.parametrize("case", ["linear-tree", "linear-ovr"])
def test_a_model_of_features(case, tmp_path):
    train, test = feature_corpora()
    model = make(case).fit(train)
    model.save(tmp_path / "run")
    loaded = load(tmp_path / "run")
    assert loaded.n_features == train.features.shape[1]
    assert same(loaded.predict(test.features, 7), model.predict(test.features, 7))


def test_labels_of_any_name(tmp_path):
    names = ["a\nb", "\ud800", "", " ", "\u2028", "ß", '"', "null"]
    corpus = manylabel.Corpus.from_texts([f"text{i} word" for i in range(len(names))], [[name] for name in names])
    make("linear-ovr").fit(corpus).save(tmp_path / "run")
    assert list(load(tmp_path / "run").labels.names) == sorted(names)


def test_the_manifest_says_what_it_is(saved):
    path, _ = saved["linear-ovr"]
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["info"]["kind"] == "linear-ovr"
    assert manifest["info"]["manylabel"] == manylabel.__version__
    assert sorted(manifest["files"]) == ["config.yaml", "labels.jsonl", "model.safetensors"]


def test_saving_replaces_only_when_told(run, saved):
    _, model = saved["linear-ovr"]
    with pytest.raises(RunError, match="overwrite"):
        model.save(run)
    assert load(run).kind == "linear-tree"
    model.save(run, overwrite=True)
    assert load(run).kind == "linear-ovr"


class Evil:
    """Leaves a mark where somebody unpickles it."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_planted_files_are_not_touched(run, tmp_path):
    mark = tmp_path / "executed"
    payload = pickle.dumps(Evil(mark))
    for name in ("evil.pkl", "model.pkl", "model.pt", "pytorch_model.bin", "model.joblib", "config.pkl", "a.npy"):
        (run / name).write_bytes(payload)
    (run / "manylabel.py").write_text(f"open({str(mark)!r}, 'w')")
    (run / "conftest.py").write_text(f"open({str(mark)!r}, 'w')")
    load(run).predict(TEXTS[:3], 3)
    assert not mark.exists()
    # The same in place of the files that are read, with checksums that are right.
    for name in ("model.safetensors", "config.yaml", "labels.jsonl"):
        content = (run / name).read_bytes()
        rewrite(run, name, payload)
        with pytest.raises(ManylabelError):
            load(run)
        rewrite(run, name, content)
    rewrite(run, "config.yaml", f"model: !!python/object/apply:pathlib.Path.touch [{mark}]\n".encode())
    with pytest.raises(RunError, match="names no model"):
        load(run)
    assert not mark.exists()


def rewrite(run, name, content):
    """Replace a file and all checksums, as somebody would who wants to be believed."""
    (run / name).write_bytes(content)
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["files"][name].update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    manifest["sha256"] = _own_sum(manifest)
    (run / "manifest.json").write_text(json.dumps(manifest))


def rewrite_config(run, change):
    values = yaml.safe_load((run / "config.yaml").read_text())
    values = change(values) or values
    rewrite(run, "config.yaml", yaml.safe_dump(values).encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: {"other": 1}, "names no model"),
        (lambda values: [1], "names no model"),
        (lambda values: values.update(model="linear-tree"), "names no model"),
        (lambda values: values["model"].pop("kind") and None, "names no model"),
        (lambda values: values["model"].update(kind="linear-forest"), "unknown to manylabel"),
        (lambda values: values["model"].update(kind=["linear-tree"]), "unknown to manylabel"),
        (lambda values: values["model"].update(kind="linear-ovr"), "unknown key"),
        (lambda values: values["model"].update(trees=0), "greater than or equal to 1"),
        (lambda values: values["model"].update(trees=2), "its arrays do not make a linear-tree model"),
        (lambda values: values["model"].update(leaf=2), "unknown key 'leaf'"),
    ],
)
def test_a_configuration_that_does_not_fit(run, change, message):
    rewrite_config(run, change)
    with pytest.raises(ManylabelError, match=message) as caught:
        load(run)
    assert "\n" not in str(caught.value)


def test_labels_that_do_not_fit(run):
    lines = (run / "labels.jsonl").read_text().splitlines()
    head = json.loads(lines[0])
    rewrite(run, "labels.jsonl", "\n".join([json.dumps({**head, "labels": 59}), *lines[1:-1]]).encode())
    with pytest.raises(RunError, match=r"do not make a linear-tree model: a tree of 60 labels for 59"):
        load(run)


@pytest.mark.parametrize("case", ["linear-tree", "linear-ovr"])
def test_arrays_that_do_not_fit(saved, tmp_path, case):
    run = Path(shutil.copytree(saved[case][0], tmp_path / "run"))
    arrays = {name: array.copy() for name, array in load_arrays(run / "model.safetensors").items()}
    for name, array in arrays.items():
        variants = [{other: kept for other, kept in arrays.items() if other != name}]
        if array.size > 1:
            variants.append({**arrays, name: array[:-1]})
        if array.dtype.kind in "iu" and name.rsplit(".", 1)[-1] not in ("values", "terms", "analyzer", "ngram_range"):
            variants.append({**arrays, name: np.full_like(array, np.iinfo(array.dtype).max)})
        for number, variant in enumerate(variants):
            save_arrays(tmp_path / "changed", variant)
            rewrite(run, "model.safetensors", (tmp_path / "changed").read_bytes())
            try:
                load(run).predict(TEXTS[:5], 3)
            except ManylabelError as error:
                text = str(error)
                assert "\n" not in text
                continue
            pytest.fail(f"{name}, variant {number}, was loaded")


def test_missing_and_flipped_files(run):
    for name in ("model.safetensors", "labels.jsonl", "config.yaml", "manifest.json"):
        content = (run / name).read_bytes()
        for position in (0, len(content) // 2, len(content) - 2):
            damaged = bytearray(content)
            damaged[position] ^= 4
            (run / name).write_bytes(damaged)
            with pytest.raises(RunError, match=name):
                load(run)
        (run / name).unlink()
        with pytest.raises(RunError, match=name):
            load(run)
        (run / name).write_bytes(content)
    assert load(run).kind == "linear-tree"


def test_damaged_content_with_right_checksums(saved, tmp_path, monkeypatch):
    """Hundreds of damaged files: an error of ours, or a model that predicts."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "core"))
    from mutations import damaged_bytes

    outcomes = {True: 0, False: 0}
    for case in ("linear-tree", "linear-ovr, logistic"):
        run = Path(shutil.copytree(saved[case][0], tmp_path / case))
        for name in ("config.yaml", "labels.jsonl", "model.safetensors"):
            content = (run / name).read_bytes()
            for number in range(60):
                rewrite(run, name, damaged_bytes(random.Random(number), content))
                try:
                    load(run).predict(TEXTS[:3], 3)
                except ManylabelError:
                    outcomes[False] += 1
                else:
                    outcomes[True] += 1
            rewrite(run, name, content)
    assert min(outcomes.values()) > 20
