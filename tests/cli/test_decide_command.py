"""``manylabel decide``."""

import json

import pytest


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    from manylabel.runs.config import parse_config
    from manylabel.runs.train import train_run

    path = tmp_path_factory.mktemp("decide") / "run"
    files = {"train": str(data / "train.jsonl"), "test": str(data / "test.jsonl")}
    train_run(parse_config({"data": files, "model": "linear-ovr", "evaluate": {"n_bootstrap": 0}}), path)
    return path


def test_compare_then_keep_one_then_use_it(cli, trained, data):
    compared = cli("decide", trained, data / "test.jsonl")
    assert compared.code == 0
    assert compared.out.splitlines()[0].startswith("decision (%)")
    assert "nothing was kept" in compared.err
    assert "flatters the decision" in compared.err
    kept = cli("decide", trained, data / "test.jsonl", "--method", "per-frequency", "--set", "macro_weight=2")
    assert kept.code == 0
    assert kept.out.startswith("per-frequency: a threshold of its own")
    shown = cli("decide", trained, data / "test.jsonl", "--method", "global", "--target", "macro-F1", "--json", "-q")
    found = json.loads(shown.out)
    assert found["method"] == "global"
    assert found["found"]["metric"] == "macro-F1"
    assert 0 < found["metrics"]["macro-F1"] < 1
    predicted = cli("predict", trained, data / "test.jsonl", "--k", 1)
    assert "decided" in json.loads(predicted.out.splitlines()[0])
    evaluated = cli("evaluate", trained, "-q")
    assert "label sets: decision global" in evaluated.out


def test_a_target_with_its_guarantee(cli, trained):
    outcome = cli("decide", trained, "--method", "risk-control", "--target", "head recall>=0.8", "-q")
    assert outcome.code == 0
    assert "guarantee: of the true labels at least 80 %" in outcome.out
    assert "assumption:" in outcome.out
    assert "needs at least" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "risk-control", "--target", "recall>=1.5"], "between 0 and 1"),
        (["--method", "risk-control"], "targets: is required"),
        (["--method", "risk-control", "--target", "tail recall>=0.999"], "too few"),
        (["--method", "oracle"], "unknown decision method 'oracle'"),
        (["--method", "per-label", "--set", "fbrr=1"], "did you mean 'fbr'"),
        (["--target", "macro-F1"], "name a --method"),
        (["--set", "fbr=0.1"], "name a --method"),
        (["--method", "global", "--set", "model.seed=1"], "model"),
    ],
)
def test_bad_input_is_one_line(cli, trained, arguments, said):
    outcome = cli("decide", trained, *arguments)
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert said in outcome.errors[0]


def test_not_a_run(cli, tmp_path):
    outcome = cli("decide", tmp_path / "nothing", "--method", "global")
    assert (outcome.code, len(outcome.errors)) == (2, 1)
    assert "no such run" in outcome.errors[0]
