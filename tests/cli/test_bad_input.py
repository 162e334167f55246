"""What a user may get wrong: exit code 2, one line with file, line and remedy, and nothing written."""

import pytest

GOOD = '{"id": "a", "text": "one two", "labels": ["x", "y"]}\n{"id": "b", "text": "two three", "labels": ["x"]}\n'

BAD_FILES = {
    "malformed JSON": ("d.jsonl", GOOD + '{"text": "a", \n', "d.jsonl:3: ", "JSON"),
    "a text that is not a string": ("d.jsonl", GOOD + '{"id": "c", "text": 3, "labels": []}\n', "d.jsonl:3: ", "text"),
    "a missing text": ("d.jsonl", GOOD + '{"id": "c", "labels": []}\n', "d.jsonl:3: ", "text"),
    "labels that are no list": ("d.jsonl", '{"text": "a", "labels": 3}\n', "d.jsonl:1: ", "label"),
    "a missing column": ("d.csv", "text,tags\na,x\n", "d.csv:1: ", "labels"),
    "not UTF-8": ("d.jsonl", GOOD.encode() + b'{"id": "c", "text": "\xe9", "labels": []}\n', "d.jsonl:3: ", "UTF-8"),
    "an empty file": ("d.jsonl", "", "d.jsonl: ", "empty"),
    "no labels at all": ("d.jsonl", '{"text": "a", "labels": []}\n', "d.jsonl: ", "label"),
    "duplicate ids": (
        "d.jsonl",
        GOOD + '{"id": "a", "text": "b", "labels": ["x"]}\n',
        "d.jsonl:3: ",
        "'a' occurs twice",
    ),
    "an unknown format": ("d.dat", "???\n", "d.dat: ", "--format"),
    "damaged compression": ("d.jsonl.gz", b"\x1f\x8b\x08\x00damaged", "d.jsonl.gz", "damaged"),
}


def refused(outcome, place, word):
    """The error is one line, at its place, and says what to do; nothing is on standard output."""
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert outcome.err.splitlines()[-1] == outcome.errors[0]
    assert place in outcome.errors[0]
    assert word in outcome.errors[0]
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def bad(request, tmp_path):
    name, content, place, word = BAD_FILES[request.param]
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file, place, word


@pytest.mark.parametrize("bad", BAD_FILES, indirect=True, ids=str)
def test_training_refuses_it_and_leaves_nothing(bad, cli, tmp_path):
    file, place, word = bad
    refused(cli("train", "--data", file, "--run", tmp_path / "run"), place, word)
    assert listing(tmp_path) == [file.name]


@pytest.mark.parametrize("bad", BAD_FILES, indirect=True, ids=str)
def test_evaluation_refuses_it(bad, cli, tree_run):
    file, place, word = bad
    refused(cli("evaluate", tree_run, file), place, word)


_NO_MATTER = {"labels that are no list", "a missing column", "no labels at all", "duplicate ids", "an unknown format"}


@pytest.mark.parametrize("bad", sorted(set(BAD_FILES) - _NO_MATTER), indirect=True, ids=str)
def test_prediction_refuses_what_it_needs_and_leaves_no_output(bad, cli, tree_run, tmp_path):
    file, place, word = bad
    refused(cli("predict", tree_run, file, "--output", tmp_path / "out" / "p.jsonl"), place, word)
    assert listing(tmp_path) == [file.name]


@pytest.mark.parametrize("bad", sorted(set(BAD_FILES) - {"no labels at all"}), indirect=True, ids=str)
def test_conversion_and_splits_refuse_it_and_leave_nothing(bad, cli, tmp_path):
    file, place, word = bad
    refused(cli("data", "convert", file, tmp_path / "c.csv"), place, word)
    refused(cli("data", "split", file, tmp_path / "parts", "--part", "a=0.5", "--part", "b=0.5"), place, word)
    assert listing(tmp_path) == [file.name]


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "convert", "split", "compare"])
def test_a_missing_file_and_a_folder_in_its_place(command, cli, tree_run, tmp_path):
    (tmp_path / "folder").mkdir()
    for name, word in (("nothing.jsonl", "no such file"), ("folder", "is a directory")):
        file = tmp_path / name
        arguments = {
            "train": ["train", "--data", file, "--run", tmp_path / "run"],
            "evaluate": ["evaluate", tree_run, file],
            "predict": ["predict", tree_run, file, "-o", tmp_path / "p.jsonl"],
            "convert": ["data", "convert", file, tmp_path / "c.csv"],
            "split": ["data", "split", file, tmp_path / "parts", "--part", "a=0.5", "--part", "b=0.5"],
            "compare": ["compare", tree_run, tree_run, "--data", file],
        }[command]
        refused(cli(*arguments), f"{file}: ", word)
    assert listing(tmp_path) == ["folder"]


def test_a_label_outside_the_label_file(cli, tmp_path):
    (tmp_path / "d.jsonl").write_text(GOOD)
    (tmp_path / "l.jsonl").write_text('{"label": "x"}\n')
    arguments = ["train", "--data", tmp_path / "d.jsonl", "--labels", tmp_path / "l.jsonl", "--run", tmp_path / "run"]
    outcome = cli(*arguments)
    refused(outcome, "d.jsonl:1: ", "'y'")
    assert "--unknown-labels drop" in outcome.err
    refused(cli(*arguments, "--unknown-labels", "error"), "d.jsonl:1: ", "'y'")
    done = cli(*arguments, "--unknown-labels", "drop")
    assert done.code == 0
    assert "1 unknown labels dropped" in done.err


@pytest.mark.parametrize("name", ["nothing.jsonl", "folder"])
def test_a_label_file_that_is_none(name, cli, tmp_path):
    (tmp_path / "d.jsonl").write_text(GOOD)
    (tmp_path / "folder").mkdir()
    outcome = cli("train", "--data", tmp_path / "d.jsonl", "--labels", tmp_path / name, "--run", tmp_path / "run")
    refused(outcome, f"{name}: ", "no such file" if name == "nothing.jsonl" else "is a directory")


def test_empty_texts_and_documents_without_labels_are_kept_counted_and_reported(cli, tmp_path):
    (tmp_path / "d.jsonl").write_text(
        GOOD + '{"id": "c", "text": "", "labels": ["x"]}\n{"id": "d", "text": "z", "labels": []}\n'
    )
    done = cli("train", "--data", tmp_path / "d.jsonl", "--run", tmp_path / "run")
    assert done.code == 0
    assert "4 documents, 4 labels given, 1 without labels, 1 with empty text" in done.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["train", "--run", "r"], "--data"),
        (["train", "--data", "d.jsonl"], "--run"),
        (["train", "--data", "d.jsonl", "--run", "r", "--model", "linear-tre"], "did you mean 'linear-tree'"),
        (
            ["train", "--data", "d.jsonl", "--run", "r", "--model", "linear-tree", "--set", "model.tree.leafsize=3"],
            "did you mean 'leaf_size'",
        ),
        (["train", "--data", "d.jsonl", "--run", "r", "--set", "model.trees"], "PATH=VALUE"),
        (["train", "--data", "d.jsonl", "--run", "r", "--resum"], "--resume"),
        (["train", "--run", "r", "--resume"], "no unfinished run"),
        (["train", "c.yaml", "--run", "r"], "c.yaml: no such configuration file"),
        (["evaluate", "r"], "r: no such run"),
        (["evaluate", "."], "not a run directory"),
        (["predict", "r", "d.jsonl"], "r: no such run"),
        (["predict", "r", "d.jsonl", "--k", "0"], "--k"),
        (["compare", "r"], "at least two"),
        (["trian"], "train"),
        (["list", "modles"], "models"),
        (["data", "fetch", "wordnett"], "did you mean 'wordnet'"),
        (["data", "make", "d", "--documents", "0"], "documents"),
        (["data", "make", "d", "--set", "zip=1"], "did you mean 'zipf'"),
        (["data", "split", "d.jsonl", "p"], "fractions"),
        (["data", "split", "d.jsonl", "p", "--part", "train"], "NAME=SHARE"),
        (["data", "split", "d.jsonl", "p", "--part", "a=0.5", "--part", "b=0.6"], "sum to 1"),
        (
            ["data", "split", "d.jsonl", "p", "--part", "a=0.5", "--part", "b=0.5", "--method", "stratifed"],
            "stratified",
        ),
        (["data", "convert", "d.jsonl", "d.csv", "--set", "red.part=a"], "read.NAME"),
        (["data", "convert", "d.jsonl", "d.csv", "--to", "cvs"], "did you mean 'csv'"),
        (["config", "check", "d.jsonl"], "d.jsonl"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_wrong_call_is_one_line_and_exit_code_2(arguments, word, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.jsonl").write_text(GOOD)
    outcome = cli(*arguments)
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert word in outcome.errors[0]
    assert outcome.out == ""
    assert listing(tmp_path) == ["d.jsonl"]


def test_all_mistakes_of_a_configuration_are_said_one_in_a_line(cli, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("data: {train: a, tset: b}\nmodel:\n  kind: linear-ovr\n  sede: 3\n")
    for arguments in (["train", file, "--run", tmp_path / "run"], ["config", "check", file]):
        outcome = cli(*arguments)
        assert outcome.code == 2
        assert [line.split(": ")[1].rsplit(":")[-1] for line in outcome.errors] == ["1", "4"]


def test_a_place_that_cannot_be_written(cli, tree_run, data, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    train = cli("train", "--data", data / "train.jsonl", "--run", blocked / "run")
    assert (train.code, len(train.errors)) == (2, 1)
    predict = cli("predict", tree_run, data / "test.jsonl", "-o", blocked / "p.jsonl")
    assert (predict.code, len(predict.errors)) == (2, 1)


def test_a_full_disk_at_training(cli, data, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("manylabel.core.run_directory.save_arrays", full)
    outcome = cli("train", "--data", data / "train.jsonl", "--run", tmp_path / "run")
    refused(outcome, f"{tmp_path / 'run'}: ", "No space left on device")
    assert listing(tmp_path) == ["run.unfinished"]
    monkeypatch.undo()
    assert cli("train", "--run", tmp_path / "run", "--resume").code == 0
