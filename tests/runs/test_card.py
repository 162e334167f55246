"""The model card: what the hub reads of it, and limits that are the numbers of the evaluation."""

import json

import numpy as np
import pytest
import yaml
from scipy.sparse import csr_matrix

from manylabel import Corpus, LabelSpace, evaluate
from manylabel.core.topk import TopK
from manylabel.data.reading import convert
from manylabel.runs.card_limits import limits
from manylabel.runs.evaluate import evaluate_run
from manylabel.runs.train import train_run


def card_of(run):
    return (run / "README.md").read_text(encoding="utf-8")


def front_of(run):
    return yaml.safe_load(card_of(run).split("---\n")[1])


def test_front_matter_is_what_the_hub_expects(tree_run):
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard.load(tree_run / "README.md")
    data = card.data.to_dict()
    assert data["library_name"] == "manylabel"
    assert data["pipeline_tag"] == "text-classification"
    assert data["metrics"] == ["f1", "precision", "recall"]
    results = {result.metric_name: result for result in card.data.eval_results}
    stored = json.loads((tree_run / "metrics.json").read_text())
    assert set(results) == {name for name in stored if name in results}
    assert len(results) == list(stored).index("documents")
    for name, result in results.items():
        assert result.metric_value == pytest.approx(stored[name], abs=1e-6)
        assert (result.task_type, result.dataset_split) == ("text-classification", "test")
    kinds = {name: result.metric_type for name, result in results.items()}
    assert (kinds["P@1"], kinds["R@5"], kinds["micro-F1"]) == ("precision", "recall", "f1")
    assert (kinds["PSP@1"], kinds["nDCG@5"]) == ("PSP@1", "nDCG@5")
    # The text behind the front matter is the card itself.
    assert card.text.lstrip().startswith(f"# {tree_run.name}")


def test_nothing_that_is_not_known_is_claimed(tree_run):
    assert not {"language", "license", "datasets", "base_model"} & set(front_of(tree_run))
    assert "Language and licence are not recorded" in card_of(tree_run)


def test_limits_are_numbers_of_the_evaluation(tree_run):
    card, evaluation = card_of(tree_run), evaluate_run(tree_run)
    table = evaluation.label_table
    never = int(((table.support > 0) & (table.tp + table.fp == 0)).sum())
    assert f"- {never} of the {evaluation.basis.labels_in_test} labels in the test part were never predicted." in card
    tail = evaluation.groups["tail"].values["micro-F1"]
    assert f"{100 * tail:.1f} % for tail labels (1-9)" in card
    assert "tested on `test.jsonl` only" in card


def test_unseen_labels_that_were_found_are_no_misses():
    labels = LabelSpace(["seen", "new", "newer"], counts=np.array([5, 0, 0]))
    truth = csr_matrix(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]], bool))
    topk = TopK(np.array([[1], [1], [0]], np.int32), np.ones((3, 1), np.float32), labels=labels)
    found = evaluate(topk, Corpus(["a", "b", "c"], truth, labels), metrics=["micro-F1"], n_bootstrap=0)
    info = {"labels": {"labels": 3, "unseen": 2}, "data": {"train": {"without_labels": 0, "dropped_labels": 0}}}
    said = "2 labels in the test part had no training document; of their 3 occurrences 2 were predicted"
    assert f"{said}, the others count as misses." in limits(info, found)


def test_without_a_test_part_the_card_says_so(tmp_path, data, config_of):
    run = train_run(config_of(data={"test": None}), tmp_path / "run").path
    assert "It was tested on nothing" in card_of(run)
    assert "never predicted" not in card_of(run)
    assert "metrics" not in front_of(run)


def test_sections_stand_in_their_order(tree_run):
    headings = [line for line in card_of(tree_run).splitlines() if line.startswith("## ")]
    assert headings == [
        "## Use", "## Intended use", "## Limits", "## Data", "## Evaluation", "## Training"
    ]  # fmt: skip


def test_documents_without_labels_are_told(tmp_path, data, config_of):
    file = tmp_path / "train.jsonl"
    convert(data / "train.jsonl", file)
    file.write_text(file.read_text() + '{"id": "none", "text": "some words", "labels": []}\n')
    run = train_run(config_of(data={"train": str(file)}), tmp_path / "run").path
    assert "Training documents without a label, learnt from as such: 1." in card_of(run)
