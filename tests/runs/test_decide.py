"""Decisions for finished runs: on held-out documents, by cross-fitting, kept without touching the model."""

import json

import numpy as np
import pytest

from manylabel.core.errors import ConfigError, InputError, ManylabelError
from manylabel.core.run_directory import RunDirectory
from manylabel.decide.decision import load_decision
from manylabel.models.base import load
from manylabel.runs import held_out
from manylabel.runs.decide import Choice, compare_decisions, comparison_table, decide_run
from manylabel.runs.evaluate import evaluate_run, open_run
from manylabel.runs.predict import predict_run
from manylabel.runs.train import train_run


@pytest.fixture
def run(tmp_path, config_of):
    """A fresh run, to be amended."""
    return train_run(config_of("model=linear-ovr"), tmp_path / "run").path


@pytest.fixture
def count_trainings(monkeypatch):
    """How many models were trained."""
    from manylabel.models.linear_ovr import LinearOVR

    fitted = []
    original = LinearOVR.fit

    def fit(self, corpus, **options):
        fitted.append(len(corpus))
        return original(self, corpus, **options)

    monkeypatch.setattr(LinearOVR, "fit", fit)
    return fitted


def digest_of(run, name):
    return RunDirectory.open(run).manifest["files"][name]["sha256"]


def test_held_out_documents_are_scored_by_the_run_itself(run, data, count_trainings):
    model = digest_of(run, "model.safetensors")
    decision = decide_run(run, data / "test.jsonl", choice=Choice("per-label"))
    assert count_trainings == []
    assert decision.facts["folds"] == 0
    assert decision.k == 60
    assert digest_of(run, "model.safetensors") == model
    assert load_decision(run).describe() == decision.describe()
    assert RunDirectory.open(run).manifest["info"]["decision"]["kind"] == "per-label"


def test_training_documents_are_scored_by_fold_models_once(run, data, count_trainings):
    notes = []

    class Notes:
        def note(self, text):
            notes.append(text)

        def task(self, name, total):
            from manylabel.core.progress import SILENT

            return SILENT.task(name, total)

    first = decide_run(run, data / "train.jsonl", choice=Choice("global"), progress=Notes())
    n = len(count_trainings)
    assert n == 3
    assert all(size < 480 for size in count_trainings)
    assert any("training 3 models" in note for note in notes)
    second = decide_run(run, choice=Choice("per-frequency"))  # the training data is the default
    assert len(count_trainings) == n
    assert second.facts["folds"] == first.facts["folds"] == 3
    decide_run(run, choice=Choice("global"), folds=2)
    assert len(count_trainings) == n + 2
    assert open_run(run).decision.kind == "global"
    assert not list(run.parent.glob("*.folds"))


def test_fold_models_do_not_know_the_documents_that_they_are_asked_about(run):
    """Scores of the model itself on its own training documents would look far too good."""
    honest = decide_run(run, choice=Choice("fixed")).facts["metrics"]["micro-F1"]
    flattered = evaluate_run(run, open_run(run).config.data.train)["micro-F1"]
    tested = evaluate_run(run)["micro-F1"]
    assert flattered > honest + 0.05
    assert abs(honest - tested) < 0.1


def test_an_interrupted_cross_fitting_continues(run, monkeypatch, count_trainings):
    original = held_out.out_of_fold

    def interrupted(config, corpus, **options):
        stages = options["stages"]
        run_stage = stages.run

        def stop_after_one(name, compute):
            if name == "fold1-answers":
                raise KeyboardInterrupt
            return run_stage(name, compute)

        monkeypatch.setattr(stages, "run", stop_after_one)
        return original(config, corpus, **options)

    before = {file.name: file.read_bytes() for file in run.iterdir()}
    monkeypatch.setattr(held_out, "out_of_fold", interrupted)
    with pytest.raises(KeyboardInterrupt):
        decide_run(run, choice=Choice("global"))
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before
    assert len(count_trainings) == 1
    monkeypatch.setattr(held_out, "out_of_fold", original)
    decide_run(run, choice=Choice("global"))
    assert len(count_trainings) == 3


def test_a_refused_decision_leaves_the_run_as_it_is(run, data):
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    for choice, said in (
        (Choice("risk-control", ("recall>=0.999",)), "too few|together reach"),
        (Choice("risk-control", ("unseen recall>=0.5",)), "unseen"),
        (Choice("expected-f1", (), ("calibration=null",)), "needs probabilities"),
        (Choice("hierarchy"), "no label has a parent"),
    ):
        with pytest.raises(InputError, match=said):
            decide_run(run, data / "test.jsonl", choice=choice)
    for choice, said in (
        (Choice("risk-control", ("recall>=1.5",)), "between 0 and 1"),
        (Choice("risk-control"), "targets: is required"),
        (Choice("per-label", ("recall>=0.5",)), "aims at nothing"),
        (Choice("global", ("micro-F1", "macro-F1")), "aims at one metric"),
        (Choice("global", ("P@5",)), "does not depend on a threshold"),
        (Choice("per-label", (), ("fbr=7",)), "fbr"),
        (Choice("perlabel"), "did you mean 'per-label'"),
    ):
        with pytest.raises(ConfigError, match=said):
            decide_run(run, data / "test.jsonl", choice=choice)
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before
    assert load_decision(run) is None


def test_evaluation_and_prediction_use_it(run, data, tmp_path, records):
    plain = evaluate_run(run)
    decide_run(run, data / "test.jsonl", choice=Choice("global", ("macro-F1",), ("calibration=isotonic",)))
    decided = evaluate_run(run)
    assert decided.basis.label_sets == "decision global"
    assert decided.basis.k == plain.basis.k
    assert decided["P@1"] == plain["P@1"]
    assert decided["macro-F1"] > plain["macro-F1"]
    assert evaluate_run(run, overrides=["evaluate.threshold=0"])["macro-F1"] == plain["macro-F1"]
    predict_run(run, data / "test.jsonl", k=2, output=tmp_path / "out.jsonl")
    lines = records(tmp_path / "out.jsonl")
    assert all(len(line["labels"]) == len(line["scores"]) == len(line["probabilities"]) == 2 for line in lines)
    assert max(len(line["decided"]) for line in lines) > 2  # a decision is not cut at what is shown
    run_ = open_run(run)
    model = load(run)
    texts = [record["text"] for record in records(data / "test.jsonl")]
    sets = run_.decision.decide(model.predict(texts, 60))
    for row, line in enumerate(lines):
        own = sets.indices[sets.indptr[row] : sets.indptr[row + 1]]
        assert set(line["decided"]) == set(model.labels.names_of(own))
        shown = [name for name in line["labels"] if name in line["decided"]]
        assert line["decided"][: len(shown)] == shown  # best first


def test_the_card_tells_of_the_latest_decision(run, data):
    for kind in ("global", "per-label"):
        decide_run(run, data / "test.jsonl", choice=Choice(kind))
    card = (run / "README.md").read_text()  # under its own name, where others look for it
    assert card.count("## Decision") == 1
    assert "per-label: a threshold of its own" in card
    assert "global: labels" not in card
    assert card.index("## Decision") < card.index("## Training")
    assert "test.jsonl" in card.split("## Decision")[1]


def test_methods_are_compared_without_keeping_one(run, data):
    notes = []

    class Notes:
        note = staticmethod(notes.append)

        def task(self, name, total):
            from manylabel.core.progress import SILENT

            return SILENT.task(name, total)

    found = compare_decisions(run, data / "test.jsonl", progress=Notes())
    names = ["fixed", "global", "global macro-F1", "global isotonic", "per-label", "per-frequency", "expected-f1"]
    assert list(found) == names
    assert any(note.startswith("hierarchy: no label has a parent") for note in notes)
    assert load_decision(run) is None
    lines = comparison_table(found).splitlines()
    assert len(lines) == 9
    assert found["global"].facts["metrics"]["micro-F1"] > found["fixed"].facts["metrics"]["micro-F1"]


def test_documents_without_labels_are_refused(run, tmp_path):
    file = tmp_path / "bare.jsonl"
    file.write_text(json.dumps({"text": "a", "labels": []}) + "\n")
    with pytest.raises(ManylabelError, match="no document has a label"):
        decide_run(run, file, choice=Choice("global"))


def test_a_run_saved_from_python_needs_documents(run, tmp_path):
    model = load(run)
    model.save(tmp_path / "bare")
    with pytest.raises(ConfigError, match="name documents with labels"):
        decide_run(tmp_path / "bare", choice=Choice("global"))


@pytest.mark.parametrize("kind", ["linear-tree", "fused"])
def test_other_models(tmp_path, config_of, data, kind):
    assignments = ["model=linear-tree"] if kind == "linear-tree" else [
        "model.kind=fused", "model.folds=2", "model.ablation=false", "model.ranker.kind=logistic"
    ]  # fmt: skip
    path = train_run(config_of(*assignments), tmp_path / "run").path
    decision = decide_run(path, data / "test.jsonl", choice=Choice("expected-f1"))
    assert decision.facts["metrics"]["micro-F1"] > 0.3
    assert evaluate_run(path).basis.label_sets == "decision expected-f1"


def test_halves_are_by_seed(run, data):
    values = [
        decide_run(run, data / "test.jsonl", choice=Choice("per-label"), seed=seed).facts["metrics"]["macro-F1"]
        for seed in (0, 0, 1)
    ]
    assert values[0] == values[1]
    assert not np.isclose(values[0], values[2])
