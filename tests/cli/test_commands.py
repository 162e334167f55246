"""The commands: what they print where, and that `--json` prints nothing else."""

import csv
import gzip
import json

import pytest

from manylabel.core.errors import ManylabelError
from manylabel.data.augment import AUGMENTATIONS
from manylabel.data.formats import FORMATS
from manylabel.data.sampling import SAMPLERS
from manylabel.metrics import METRICS
from manylabel.models import MODELS
from manylabel.models.network.stages_config import NETWORK_STAGES
from manylabel.nn.encoders import ENCODERS
from manylabel.nn.heads import HEADS
from manylabel.nn.losses import LOSSES


@pytest.fixture(scope="module")
def pair(data, tree_run, tmp_path_factory):
    """A second run beside the first."""
    from manylabel.runs.config import parse_config
    from manylabel.runs.train import train_run

    sections = {"data": {"train": str(data / "train.jsonl"), "test": str(data / "test.jsonl")}, "model": "linear-ovr"}
    other = train_run(parse_config(sections, ["evaluate.n_bootstrap=20"]), tmp_path_factory.mktemp("runs") / "ovr")
    return tree_run, other.path


def test_train_from_a_file_prints_the_table_and_notes_the_run(cli, data, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(f"data: {{train: {data / 'train.jsonl'}, test: {data / 'test.jsonl'}}}\nmodel: linear-ovr\n")
    done = cli("train", file, "--run", tmp_path / "run", "--set", "model.solver.cost=0.5")
    assert done.code == 0
    assert done.out.startswith("metric (%)")
    assert "will take about" in done.err
    assert done.err.splitlines()[-1] == f"run: {tmp_path / 'run'}"
    assert "cost: 0.5" in (tmp_path / "run" / "config.yaml").read_text()


def test_train_without_a_file_and_a_second_time(cli, data, tmp_path):
    arguments = ["train", "--data", data / "train.jsonl", "--model", "linear-ovr", "--run", tmp_path / "run", "-q"]
    done = cli(*arguments)
    assert (done.code, done.out, done.err) == (0, "", "")
    again = cli(*arguments)
    assert again.code == 2
    assert "--overwrite" in again.errors[0]
    assert "reading" not in again.err
    assert "a finished run lies there" in cli("train", "--run", tmp_path / "run", "--resume").errors[0]
    assert cli(*arguments, "--overwrite").code == 0


def test_options_win_over_the_file_and_assignments_over_options(cli, data, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("data: {train: nowhere.jsonl}\nmodel: {kind: linear-tree, trees: 5}\n")
    arguments = ["--data", data / "train.jsonl", "--set", "data.unknown_labels=keep", "--unknown-labels", "drop"]
    assert cli("train", file, "--run", tmp_path / "run", "--set", "model.trees=1", *arguments).code == 0
    stored = (tmp_path / "run" / "config.yaml").read_text()
    assert "trees: 1" in stored
    assert "unknown_labels: keep" in stored


def test_json_is_one_object_of_fractions_and_nothing_else(cli, data, tmp_path, pair):
    for arguments in (
        ["train", "--data", data / "train.jsonl", "--test", data / "test.jsonl", "--run", tmp_path / "run"],
        ["evaluate", pair[0]],
        ["evaluate", pair[0], data / "train.jsonl", "--label-table", tmp_path / "t.csv"],
    ):
        done = cli(*arguments, "--json")
        found = json.loads(done.out)
        assert done.out.count("\n") == 1
        assert 0.0 < found["P@1"] <= 1.0
        assert done.err  # notes went where they do no harm
    done = cli("compare", *pair, "--json")
    (comparison,) = json.loads(done.out)["comparisons"]
    assert comparison["names"] == ["tree", "ovr"]
    assert {item["metric"] for item in comparison["differences"]} >= {"P@1", "macro-F1"}


@pytest.mark.parametrize(
    "kind",
    [
        "models", "metrics", "formats", "label-formats", "splits", "datasets", "encoders", "heads", "losses",
        "samplers", "augmentations", "stages",
    ],
)  # fmt: skip
def test_lists_come_from_the_tables(kind, cli):
    tables = {
        "models": MODELS, "metrics": METRICS, "formats": FORMATS, "encoders": ENCODERS, "heads": HEADS,
        "losses": LOSSES, "samplers": SAMPLERS, "augmentations": AUGMENTATIONS,
        "stages": NETWORK_STAGES,
    }  # fmt: skip
    found = json.loads(cli("list", kind, "--json").out)
    plain = cli("list", kind).out.splitlines()
    assert [line.split()[0] for line in plain] == list(found)
    if kind in tables:
        assert list(found) == list(tables[kind])


def test_predict_to_standard_output_and_to_a_file(cli, data, tree_run, tmp_path, records):
    printed = cli("predict", tree_run, data / "test.jsonl", "--k", "3")
    written = cli("predict", tree_run, data / "test.jsonl", "-k", "3", "-o", tmp_path / "p.jsonl")
    assert written.out == ""
    assert (tmp_path / "p.jsonl").read_text() == printed.out
    lines = records(printed.out)
    assert [line["id"] for line in lines] == [row["id"] for row in records((data / "test.jsonl").read_text())]
    assert all(list(line) == ["id", "labels", "scores"] and len(line["labels"]) <= 3 for line in lines)
    assert all(line["scores"] == sorted(line["scores"], reverse=True) for line in lines)


def test_evaluate_writes_the_label_table(cli, tree_run, tmp_path):
    done = cli("evaluate", tree_run, "--label-table", tmp_path / "labels.csv.gz", "--set", "evaluate.metrics=[P@1]")
    assert done.out.splitlines()[2].startswith("P@1")
    with gzip.open(tmp_path / "labels.csv.gz", "rt", encoding="utf-8", newline="") as file:
        assert int(next(csv.DictReader(file))["support"]) > 0


def test_compare_prints_a_table(cli, pair):
    done = cli("compare", *pair)
    assert done.code == 0
    assert done.out.splitlines()[0].split()[2:5] == ["labels", "tree", "ovr"]


def test_make_is_seeded_and_refuses_to_overwrite(cli, tmp_path):
    sizes = ["--documents", "50", "--labels", "12", "--labels-per-document", "2.5", "--set", "zipf=0.8"]
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert cli("data", "make", tmp_path / folder, *sizes, "--seed", seed).code == 0
    texts = [(tmp_path / folder / "train.jsonl").read_bytes() for folder in "abc"]
    assert texts[0] == texts[1] != texts[2]
    refused = cli("data", "make", tmp_path / "a", *sizes, "--seed", 3)
    assert (refused.code, len(refused.errors)) == (2, 1)
    made = json.loads(cli("data", "make", tmp_path / "a", *sizes, "--seed", 3, "--overwrite", "--json").out)
    assert made["counts"]["labels"] == 12
    assert made["options"]["zipf"] == 0.8


def test_fetch_shows_source_version_and_notes(cli, tmp_path, monkeypatch):
    from manylabel.data import catalogue
    from manylabel.data.catalogue_folder import FetchedData

    found = FetchedData(
        "wordnet", "apt package wordnet-base 1:3.0-41", "3.0", "d", folder=tmp_path, notes=("$WNHOME is not set",),
        counts={"train": 10, "test": 2, "labels": 5, "training_labels": 4, "pairs": 24},
    )  # fmt: skip
    monkeypatch.setattr(catalogue, "fetch", lambda *arguments, **options: found)
    done = cli("data", "fetch", "wordnet", "--to", tmp_path)
    assert "apt package wordnet-base 1:3.0-41" in done.out
    assert "$WNHOME is not set" in done.err
    assert json.loads(cli("data", "fetch", "wordnet", "--json").out)["version"] == "3.0"


def test_convert_there_and_back(cli, data, tmp_path):
    separators = ["--set", "write.label_separator=;", "--set", "write.delimiter=\\t"]
    separators[-1] = 'write.delimiter="\\t"'
    assert cli("data", "convert", data / "test.jsonl", tmp_path / "t.csv", *separators).code == 0
    assert "\t" in (tmp_path / "t.csv").read_text().splitlines()[0]
    refused = cli("data", "convert", data / "test.jsonl", tmp_path / "t.csv")
    assert "exists already" in refused.errors[0]
    back = cli("data", "convert", tmp_path / "t.csv", tmp_path / "t.jsonl", "--set", "read.label_separator=;")
    assert back.code == 0
    originals = [json.loads(line) for line in (data / "test.jsonl").read_text().splitlines()]
    again = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert again == originals


def test_split_says_the_sizes(cli, data, tmp_path):
    parts = ["--part", "train=0.8", "--part", "validation=0.2"]
    done = cli("data", "split", data / "train.jsonl", tmp_path, *parts, "--method", "stratified", "--json")
    sizes = json.loads(done.out)
    assert sum(sizes.values()) == 300
    assert len((tmp_path / "validation.jsonl").read_text().splitlines()) == sizes["validation"]


def test_config_dump_is_a_configuration_and_schema_is_json(cli, tmp_path):
    dumped = cli("config", "dump", "--set", "model=linear-ovr", "--set", "model.solver.cost=2")
    file = tmp_path / "c.yaml"
    file.write_text(dumped.out)
    assert cli("config", "check", file).out == f"{file}: ok\n"
    assert cli("config", "dump", file).out == dumped.out
    assert "linear-ovr" in json.loads(cli("config", "schema").out)["properties"]["model"]["anyOf"][0]["enum"]


def test_config_check_looks_at_every_file(cli, tmp_path):
    (tmp_path / "a.yaml").write_text("data: {train: a}\n")
    (tmp_path / "b.yaml").write_text("data: {tran: a}\n")
    done = cli("config", "check", tmp_path / "b.yaml", tmp_path / "a.yaml")
    assert done.code == 2
    assert done.out == f"{tmp_path / 'a.yaml'}: ok\n"
    assert len(done.errors) == 2


HELP = [
    [], ["train"], ["evaluate"], ["predict"], ["compare"], ["list"], ["data"], ["data", "fetch"], ["data", "make"],
    ["data", "convert"], ["data", "split"], ["config"], ["config", "check"], ["config", "dump"], ["config", "schema"],
    ["config", "import-libmultilabel"],
]  # fmt: skip


@pytest.mark.parametrize("command", HELP, ids=" ".join)
def test_every_command_explains_itself_and_all_its_options(command, cli):
    done = cli(*command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: {' '.join(['manylabel', *command])} ")
    _, _, listed = done.out.partition("Options:\n")
    options = listed.partition("\n\n")[0]
    entries = options.replace("\n    ", " ").splitlines()
    assert all(len(entry.split("  ", 2)) > 2 and entry.split("  ")[-1].strip() for entry in entries), options


def test_version(cli):
    import manylabel

    assert cli("--version").out == f"manylabel {manylabel.__version__}\n"


def test_a_bug_keeps_its_traceback(monkeypatch, data, tmp_path):
    from manylabel.cli.main import app

    def broken(*arguments, **options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("manylabel.runs.train.train_run", broken)
    with pytest.raises(ZeroDivisionError):
        app(args=["train", "--data", str(data / "train.jsonl"), "--run", str(tmp_path / "run")])


def test_an_error_is_one_line_whatever_its_text(cli, monkeypatch, data, tmp_path):
    def broken(*arguments, **options):
        raise ManylabelError("one\n  two\nthree")

    monkeypatch.setattr("manylabel.runs.train.train_run", broken)
    done = cli("train", "--data", data / "train.jsonl", "--run", tmp_path / "run")
    assert (done.code, done.err) == (2, "error: one two three\n")
