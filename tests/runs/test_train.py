"""Training: what a run directory holds, what is refused before any work, and how an interrupted one goes on."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
import yaml

from manylabel.core.corpus import Corpus
from manylabel.core.errors import CapacityError, ConfigError, InputError, RunError
from manylabel.core.run_directory import RunDirectory
from manylabel.core.siblings import unfinished_path
from manylabel.data.feature_files import read_features, write_features
from manylabel.data.reading import convert
from manylabel.models.base import load
from manylabel.runs import first_use
from manylabel.runs.config import parse_config, read_config
from manylabel.runs.evaluate import evaluate_run
from manylabel.runs.train import train_run, unfinished_config


class Interrupting:
    """Progress that presses Ctrl-C when a task of some name begins, and remembers the notes."""

    def __init__(self, at=None):
        self.at, self.notes = at, []

    @contextmanager
    def task(self, description, total):
        if self.at is not None and self.at in description:
            raise KeyboardInterrupt
        yield lambda units: None

    def note(self, message):
        self.notes.append(message)


def predictions(path, data):
    topk = load(path).predict(Corpus.read(data / "test.jsonl").texts, k=7)
    return topk.indices.tobytes(), topk.scores.tobytes()


def test_the_run_directory_holds_what_it_should(tree_run, data, config_of):
    run = RunDirectory.open(tree_run)
    expected = {
        "config.yaml", "labels.jsonl", "model.safetensors", "metrics.json", "history.jsonl", "README.md",
    }  # fmt: skip
    assert set(run.manifest["files"]) == expected
    assert read_config(tree_run / "config.yaml") == config_of("model.tree.leaf_size=5")
    info = run.manifest["info"]
    train = Corpus.read(data / "train.jsonl")
    assert info["kind"] == "linear-tree"
    assert info["data"]["train"]["documents"] == len(train)
    assert info["data"]["train"]["pairs"] == train.positives.nnz
    assert info["data"]["test"]["documents"] == len(Corpus.read(data / "test.jsonl"))
    assert sum(info["labels"][group] for group in ("head", "torso", "tail", "unseen")) == info["labels"]["labels"]
    assert info["seconds"] > 0
    assert info["peak_memory_bytes"] > 10_000_000
    assert info["versions"]["numpy"] == np.__version__
    assert {"created", "machine"} <= set(info)
    assert not unfinished_path(tree_run).exists()


def test_the_metrics_are_those_of_a_later_evaluation(tree_run):
    stored = json.loads((tree_run / "metrics.json").read_text())
    assert stored == json.loads(json.dumps(evaluate_run(tree_run).to_dict()))
    assert stored["P@1"] > 0.5  # the corpus can be learnt


def test_the_history_tells_time_and_memory_of_every_stage(tree_run, records):
    lines = records(tree_run / "history.jsonl")
    stages = [line["stage"] for line in lines]
    assert stages[0] == "read"
    assert stages[-3:] == ["fit", "evaluate", "write"]
    assert {"vocabulary", "tree0-clusters"} < set(stages)
    assert all(line["seconds"] >= 0 and line["peak_memory_bytes"] > 10_000_000 for line in lines)


def test_the_model_card_says_what_the_manifest_says(tree_run):
    card = (tree_run / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    metrics = json.loads((tree_run / "metrics.json").read_text())
    shown = {item["name"]: item["value"] for item in front["model-index"][0]["results"][0]["metrics"]}
    assert shown["P@5"] == pytest.approx(metrics["P@5"], abs=1e-6)
    assert (front["library_name"], front["pipeline_tag"]) == ("manylabel", "text-classification")
    info = RunDirectory.open(tree_run).manifest["info"]
    assert f"| {info['data']['train']['documents']:,} |" in card
    assert f"{info['labels']['tail']:,} tail (1-9)" in card
    assert str(tree_run.parent) not in card  # folders of the machine are nobody's business
    assert f'load("{tree_run.name}")' in card


def test_without_a_test_part_nothing_is_measured(tmp_path, data):
    run = train_run(parse_config({"data": {"train": str(data / "train.jsonl")}}), tmp_path / "run")
    assert run.evaluation is None
    assert not (run.path / "metrics.json").exists()
    assert "model-index" not in (run.path / "README.md").read_text()


def test_memory_and_time_are_said_before_training(tmp_path, config_of):
    progress = Interrupting(at="features")
    with pytest.raises(KeyboardInterrupt):
        train_run(config_of(), tmp_path / "run", progress=progress)
    assert any("of memory and" in note for note in progress.notes)


@pytest.mark.parametrize("model", ["linear-tree", "fused"])
def test_what_cannot_fit_is_refused_and_leaves_nothing(model, tmp_path, config_of, monkeypatch):
    monkeypatch.setattr("manylabel.core.capacity.available_memory", lambda: 1_000_000)
    monkeypatch.setattr("manylabel.core.capacity.resident_memory", lambda: 0)
    with pytest.raises(CapacityError, match=r"only 1\.0 MB are available: .*min_df"):
        train_run(config_of(model=model), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_finished_run_is_refused_before_the_data_is_read(tree_run):
    before = (tree_run / "manifest.json").read_bytes()
    missing = parse_config({"data": {"train": "no-such-file.jsonl"}})
    for resume in (False, True):
        with pytest.raises(RunError, match=r"a finished run lies there.*--overwrite"):
            train_run(missing, tree_run, resume=resume)
    assert (tree_run / "manifest.json").read_bytes() == before


def test_a_folder_that_is_no_run_is_never_replaced(tmp_path, config_of):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(RunError, match="not a run directory"):
        train_run(config_of(), tmp_path, overwrite=True)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_overwrite_replaces_the_run_and_keeps_it_until_then(tmp_path, config_of):
    path = train_run(config_of(), tmp_path / "run").path
    before = (path / "manifest.json").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        train_run(config_of("model=linear-ovr"), path, overwrite=True, progress=Interrupting(at="labels"))
    assert (path / "manifest.json").read_bytes() == before
    train_run(config_of("model=linear-ovr"), path, overwrite=True)
    assert load(path).kind == "linear-ovr"
    assert not unfinished_path(path).exists()


@pytest.mark.parametrize(("model", "at"), [("linear-tree", "classifiers"), ("linear-ovr", "labels")])
def test_a_resumed_training_gives_the_same_bits(model, at, tmp_path, config_of, data):
    config = config_of(f"model={model}")
    plain = train_run(config, tmp_path / "plain").path
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_run(config, path, progress=Interrupting(at))
    assert not path.exists()
    with pytest.raises(RunError, match="--resume"):
        train_run(config, path)
    run = train_run(config, path, resume=True)
    assert predictions(path, data) == predictions(plain, data)
    assert (path / "model.safetensors").read_bytes() == (plain / "model.safetensors").read_bytes()
    assert not unfinished_path(path).exists()
    stages = [json.loads(line)["stage"] for line in (path / "history.jsonl").read_text().splitlines()]
    assert stages.count("read") == 2
    assert stages.count("vocabulary") == 1, "a finished stage must not be done again"
    assert run.info["seconds"] == pytest.approx(
        sum(json.loads(line)["seconds"] for line in (path / "history.jsonl").read_text().splitlines()[:-1]), abs=0.01
    )


def test_a_resume_with_another_model_or_other_data_is_refused(tmp_path, config_of, data):
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_run(config_of(), path, progress=Interrupting("classifiers"))
    other = tmp_path / "other.jsonl"
    other.write_text("".join((data / "train.jsonl").read_text().splitlines(keepends=True)[1:]))
    for changed in (config_of("model.seed=3"), config_of(data={"train": str(other)})):
        with pytest.raises(RunError, match="another configuration or other data"):
            train_run(changed, path, resume=True)
    train_run(config_of("model.seed=3"), path, overwrite=True)
    assert load(path).config.seed == 3


def test_the_data_may_move_and_be_measured_otherwise_between_attempts(tmp_path, config_of, data):
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_run(config_of(), path, progress=Interrupting("classifiers"))
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes((data / "train.jsonl").read_bytes())
    done = train_run(config_of("evaluate.k=20", data={"train": str(moved)}), path, resume=True)
    assert read_config(done.path / "config.yaml").evaluate.k == 20


def test_an_unfinished_run_knows_its_configuration(tmp_path, config_of):
    config = config_of("model.trees=2")
    with pytest.raises(RunError, match="no unfinished run"):
        unfinished_config(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        train_run(config, tmp_path / "run", progress=Interrupting("tree1-classifiers"))
    assert unfinished_config(tmp_path / "run") == config


def test_a_bad_test_part_is_found_before_training(tmp_path, config_of):
    bad = tmp_path / "test.jsonl"
    bad.write_text('{"text": "a", "labels": ["l000"]}\n{"text": \n')
    with pytest.raises(InputError, match=r"test\.jsonl:2"):
        train_run(config_of(data={"test": str(bad)}), tmp_path / "run", progress=Interrupting("features"))
    assert not (tmp_path / "run").exists()
    assert not unfinished_path(tmp_path / "run").exists()


def test_a_label_file_closes_the_label_space(tmp_path, data, config_of):
    lines = (data / "labels.jsonl").read_text().splitlines(keepends=True)
    known = tmp_path / "labels.jsonl"
    known.write_text("".join(lines[1:]))
    missing = json.loads(lines[0])["label"]
    with pytest.raises(InputError, match=rf"train\.jsonl:\d+: label '{missing}' is not in the label file"):
        train_run(config_of(data={"labels": str(known)}), tmp_path / "run")
    run = train_run(config_of("data.unknown_labels=drop", data={"labels": str(known)}), tmp_path / "run")
    assert missing not in run.model.labels
    assert run.info["data"]["train"]["dropped_labels"] > 0
    assert run.model.labels.texts is not None


def test_labels_that_training_never_saw_can_be_dropped_without_a_label_file(tmp_path):
    (tmp_path / "train.txt").write_text("a b\tone two\nb\ttwo\n" * 4)
    (tmp_path / "test.txt").write_text("a c\tone\nc\ttwo\n")
    data = {"train": str(tmp_path / "train.txt"), "test": str(tmp_path / "test.txt"), "unknown_labels": "drop"}
    run = train_run(parse_config({"data": data, "model": "linear-ovr"}, ["evaluate.metrics=[R@1]"]), tmp_path / "run")
    assert list(run.model.labels) == ["a", "b"]
    assert run.info["data"]["train"]["dropped_labels"] == 0
    assert run.info["data"]["test"]["dropped_labels"] == 2


def svmlight(path, seed, n):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        labels = sorted(set(rng.integers(0, 12, 2).tolist()))
        features = " ".join(f"{1 + label * 3 + offset}:1.5" for label in labels for offset in range(3))
        rows.append(f"{','.join(map(str, labels))} {features}\n")
    path.write_text("".join(rows))
    return path


def test_feature_files_train_a_model_of_features(tmp_path):
    train, test = svmlight(tmp_path / "train.svm", 0, 200), svmlight(tmp_path / "test.svm", 1, 50)
    config = parse_config({"data": {"train": str(train), "test": str(test)}, "evaluate": {"n_bootstrap": 0}})
    run = train_run(config, tmp_path / "run")
    assert run.evaluation is not None
    assert run.evaluation["P@1"] > 0.9
    model = load(run.path)
    assert model.n_features == run.info["data"]["train"]["features"]
    rows = read_features(test, n_features=model.n_features).features
    assert model.predict(rows, 3).scores.tobytes() == run.model.predict(rows, 3).scores.tobytes()
    assert "CSR rows of features" in (run.path / "README.md").read_text()


def test_texts_and_features_are_not_mixed(tmp_path, data, tree_run):
    train = svmlight(tmp_path / "train.svm", 0, 50)
    mixed = parse_config({"data": {"train": str(train), "test": str(data / "test.jsonl")}})
    with pytest.raises(ConfigError, match="holds texts, but the model was trained on"):
        train_run(mixed, tmp_path / "run")
    with pytest.raises(ConfigError, match="holds feature vectors, but the model was trained on texts"):
        evaluate_run(tree_run, train)


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("data.text_fields=[title]", "holds feature vectors"),
        ("data.delimiter=;", "holds feature vectors"),
        ("data.id_field=uid", "holds feature vectors"),
    ],
)
def test_options_of_texts_are_refused_for_feature_files(assignment, reason, tmp_path):
    train = svmlight(tmp_path / "train.svm", 0, 50)
    with pytest.raises(ConfigError, match=reason):
        train_run(parse_config({"data": {"train": str(train)}}, [assignment]), tmp_path / "run")


@pytest.mark.parametrize("assignment", ["data.zero_based=true", "data.delimiter=;", "data.train_part=validation"])
def test_options_of_other_formats_are_refused_for_texts(assignment, tmp_path, config_of):
    with pytest.raises(ConfigError, match=assignment.split("=")[0].removeprefix("data.").removeprefix("train_")):
        train_run(config_of(assignment), tmp_path / "run")


@pytest.mark.parametrize("target", ["pecos", "hub", "xmc_repository"])
def test_a_folder_gives_its_parts_to_training_and_test(target, tmp_path, data, config_of, tree_run):
    for part in ("train", "test"):
        options = {"part": part, "ids": target == "hub"}
        source = data / f"{part}.jsonl"
        convert(source, tmp_path / "all", target_format=target, write=options, labels=load(tree_run).labels)
    both = {"train": str(tmp_path / "all"), "test": str(tmp_path / "all")}
    run = train_run(config_of("model.tree.leaf_size=5", data=both), tmp_path / "run")
    own = RunDirectory.open(tree_run).manifest["info"]["data"]
    for part in ("train", "test"):
        assert run.info["data"][part]["documents"] == own[part]["documents"]
        assert run.info["data"][part]["pairs"] == own[part]["pairs"]


def test_a_bag_of_words_file_of_the_repository(tmp_path):
    corpus = read_features(svmlight(tmp_path / "all.svm", 0, 120))
    for part, rows in (("trn", range(100)), ("tst", range(100, 120))):
        write_features(corpus.select(list(rows)), tmp_path / f"{part}_X_Y.txt", "xmc_repository")
    places = {"train": str(tmp_path / "trn_X_Y.txt"), "test": str(tmp_path / "tst_X_Y.txt")}
    run = train_run(parse_config({"data": places, "evaluate": {"n_bootstrap": 0}}), tmp_path / "run")
    assert run.info["data"]["train"]["documents"] == 100
    assert run.evaluation is not None
    assert run.evaluation["P@1"] > 0.9


def test_zero_based_columns_are_read_as_such(tmp_path):
    file = tmp_path / "train.svm"
    file.write_text("0 0:1 2:1\n1 1:1 3:1\n" * 20)
    with pytest.raises(InputError, match=r"train\.svm:1"):
        train_run(parse_config({"data": {"train": str(file)}}), tmp_path / "run")
    run = train_run(parse_config({"data": {"train": str(file), "zero_based": True}}), tmp_path / "run")
    assert run.info["data"]["train"]["features"] == 4


def test_the_first_use_of_an_installation_is_told(tmp_path, monkeypatch, config_of):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "linear" / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr(first_use, "_PACKAGE", tmp_path)
    for compiled in (False, True):
        progress = Interrupting(at="features")
        with pytest.raises(KeyboardInterrupt):
            train_run(config_of(), tmp_path / f"run{compiled}", progress=progress)
        assert any("compiling kernels" in note for note in progress.notes) is not compiled
        (tmp_path / "linear" / "__pycache__" / "kernels.f-1.py311.nbi").touch()


def test_the_current_directory_may_become_the_run(tmp_path, config_of, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    train_run(config_of("data.test=null"), ".")
    monkeypatch.chdir(tmp_path)
    assert load("here").kind == "linear-tree"
    assert 'load("here")' in (tmp_path / "here" / "README.md").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
