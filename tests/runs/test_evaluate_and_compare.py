"""Evaluating and comparing runs: the same numbers as by hand, and refusals with their reason."""

import csv
import json

import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError, RunError
from manylabel.data.reading import convert
from manylabel.metrics.compare import compare
from manylabel.metrics.evaluate import evaluate
from manylabel.models.base import load
from manylabel.runs.compare import compare_runs
from manylabel.runs.evaluate import evaluate_run
from manylabel.runs.label_table_file import write_label_table
from manylabel.runs.train import train_run


@pytest.fixture(scope="module")
def by_hand(data):
    def measure(path, **options):
        model = load(path)
        test = Corpus.read(data / "test.jsonl", labels=model.labels)
        return evaluate(model.predict(test.texts, 10), test, **options)

    return measure


def test_a_run_is_measured_as_by_hand(tree_run, by_hand):
    assert evaluate_run(tree_run).to_dict() == by_hand(tree_run, n_bootstrap=50).to_dict()


def test_assignments_change_how_it_is_measured(tree_run, by_hand):
    overrides = ["evaluate.metrics=[P@1, LRAP]", "evaluate.n_bootstrap=0", "evaluate.top_n=2", "evaluate.cuts=[3, 7]"]
    ours = evaluate_run(tree_run, overrides=overrides)
    theirs = by_hand(tree_run, metrics=["P@1", "LRAP"], n_bootstrap=0, top_n=2, cuts=(3, 7))
    assert ours.to_dict() == theirs.to_dict()


def test_other_data_of_another_format_may_be_named(tree_run, data, tmp_path):
    convert(data / "test.jsonl", tmp_path / "test.csv")
    assert evaluate_run(tree_run, tmp_path / "test.csv").to_dict() == evaluate_run(tree_run).to_dict()


def test_a_label_that_training_never_saw_counts_unless_it_is_dropped(tree_run, data, tmp_path):
    lines = (data / "test.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    first["labels"].append("never seen")
    file = tmp_path / "test.jsonl"
    file.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    kept, dropped = evaluate_run(tree_run, file), evaluate_run(tree_run, file, overrides=["data.unknown_labels=drop"])
    assert kept.basis.unseen_positives == evaluate_run(tree_run).basis.unseen_positives + 1
    assert (kept.basis.dropped_labels, dropped.basis.dropped_labels) == (0, dropped.basis.dropped_labels)
    assert dropped.basis.dropped_labels > 0
    with pytest.raises(InputError, match=r"test\.jsonl:1: label 'never seen'"):
        evaluate_run(tree_run, file, overrides=["data.unknown_labels=error"])


def test_a_test_part_that_changed_is_not_taken_for_the_run_s_own(tmp_path, data, config_of):
    test = tmp_path / "test.jsonl"
    test.write_bytes((data / "test.jsonl").read_bytes())
    path = train_run(config_of("evaluate.n_bootstrap=0", data={"test": str(test)}), tmp_path / "run").path
    test.write_text("".join(test.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(InputError, match=r"not the test part that .* was evaluated on"):
        evaluate_run(path)
    assert evaluate_run(path, test).basis.documents > 0


def test_a_run_without_a_test_part_needs_data(tmp_path, config_of):
    path = train_run(config_of("data.test=null"), tmp_path / "run").path
    with pytest.raises(ConfigError, match="without a test part; name the data"):
        evaluate_run(path)


def test_the_label_table_has_a_line_for_every_label(tree_run, tmp_path):
    evaluation = evaluate_run(tree_run)
    write_label_table(evaluation.label_table, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = evaluation.label_table
    assert {row["label"] for row in rows} == set(table.labels.names)
    at = table.labels.index(rows[0]["label"])
    assert float(rows[0]["F1"]) == pytest.approx(float(table.f1[at]))
    assert int(rows[0]["support"]) == int(table.support.max())


def test_two_runs_are_compared_as_by_hand(tree_run, ovr_run, by_hand):
    (found,) = compare_runs([tree_run, ovr_run])
    hand = compare(by_hand(tree_run), by_hand(ovr_run), names=("tree", "ovr"), n_resamples=50)
    assert found.to_dict() == hand.to_dict()
    assert found["P@1"].b != found["P@1"].a or found["P@5"].b != found["P@5"].a


def test_the_first_run_is_compared_with_each_of_the_others(tree_run, ovr_run):
    found = compare_runs([tree_run, ovr_run, tree_run])
    assert [item.names for item in found] == [(str(tree_run), str(ovr_run)), (str(tree_run), str(tree_run))]
    assert all(item.difference == 0 for item in found[1])


def test_other_data_may_be_named_to_compare_on(tree_run, ovr_run, data):
    (found,) = compare_runs([tree_run, ovr_run], data / "train.jsonl")
    assert found.documents == len(Corpus.read(data / "train.jsonl"))


def test_runs_with_different_test_parts_are_refused(tree_run, tmp_path, data, config_of):
    part = tmp_path / "part.jsonl"
    part.write_text("".join((data / "test.jsonl").read_text().splitlines(keepends=True)[:40]))
    other = train_run(config_of(data={"test": str(part)}), tmp_path / "other").path
    with pytest.raises(InputError, match=r"different test parts: .*120 documents.*part\.jsonl with 40 documents"):
        compare_runs([tree_run, other])
    assert compare_runs([tree_run, other], part)[0].documents == 40


def test_runs_over_different_labels_are_refused(tree_run, tmp_path, data, config_of):
    labels = tmp_path / "labels.jsonl"
    labels.write_text((data / "labels.jsonl").read_text() + '{"label": "one more"}\n')
    other = train_run(config_of(data={"labels": str(labels)}), tmp_path / "other").path
    with pytest.raises(InputError, match=r"the label spaces differ: .*one more. is in one only"):
        compare_runs([tree_run, other])


def test_runs_of_other_training_documents_are_refused(tree_run, tmp_path, data, config_of):
    fewer = tmp_path / "train.jsonl"
    lines = (data / "train.jsonl").read_text().splitlines(keepends=True)
    fewer.write_text("".join([*lines, lines[0].replace('"id": "', '"id": "again-')]))
    other = train_run(config_of(data={"train": str(fewer)}), tmp_path / "other").path
    with pytest.raises(InputError, match="trained on different documents"):
        compare_runs([tree_run, other])


def test_texts_of_other_fields_are_the_same_test_part(tree_run, tmp_path, data, config_of):
    for part in ("train", "test"):
        rows = [json.loads(line) for line in (data / f"{part}.jsonl").read_text().splitlines()]
        (tmp_path / f"{part}.jsonl").write_text("".join(json.dumps({**row, "body": "x"}) + "\n" for row in rows))
    places = {part: str(tmp_path / f"{part}.jsonl") for part in ("train", "test")}
    other = train_run(config_of("data.text_fields=[text, body]", data=places), tmp_path / "other").path
    assert compare_runs([tree_run, other])[0].documents == 120


def test_one_run_alone_or_without_resamples_is_refused(tree_run, ovr_run, tmp_path):
    with pytest.raises(ConfigError, match="at least two"):
        compare_runs([tree_run])
    with pytest.raises(ConfigError, match="n_bootstrap"):
        compare_runs([tree_run, ovr_run], overrides=["evaluate.n_bootstrap=0"])
    with pytest.raises(RunError, match="no such run"):
        compare_runs([tree_run, tmp_path / "nowhere"])
