"""The report: label-wise table, JSON, text."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from metric_cases import make_case
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics.evaluate import evaluate

SPACE = LabelSpace(["a", "b", "c", "never"], counts=np.array([120, 12, 2, 3]), n_documents=130)
TOPK = TopK(np.array([[0, 1], [0, 2], [1, 0]], np.int32), np.array([[0.9, 0.6]] * 3, np.float32), labels=SPACE)
CORPUS = Corpus.from_texts(["", "", ""], [["a", "b"], ["a", "new"], ["c"]], space=SPACE)
RESULT = evaluate(TOPK, CORPUS, metrics=["P@1", "micro-F1", "LRAP", "PSP@1"], top_n=2, n_bootstrap=100)


def test_the_table_of_labels() -> None:
    rows = {row.pop("label"): row for row in RESULT.label_table.rows()}
    assert list(rows) == ["a", "b", "c", "new"]
    assert rows["a"] == {
        "support": 2,
        "training": 120,
        "tp": 2,
        "fp": 1,
        "fn": 0,
        "precision": pytest.approx(2 / 3),
        "recall": 1.0,
        "F1": pytest.approx(0.8),
    }
    assert (rows["c"]["tp"], rows["c"]["fp"], rows["c"]["fn"], rows["c"]["F1"]) == (0, 1, 1, 0.0)
    assert (rows["new"]["support"], rows["new"]["training"]) == (1, 0)
    assert [row["label"] for row in RESULT.label_table.rows(everything=True)][-1] == "never"
    assert len(RESULT.label_table) == 5


def test_macro_averages_follow_from_the_table_of_labels() -> None:
    case = make_case(8, n=12, n_model=30, k=6, n_extra=3, density=0.04)
    names = ["macro-F1", "macro-F1-supported", "macro-precision", "macro-recall"]
    result = evaluate(case.topk, case.corpus, metrics=names, top_n=2, n_bootstrap=0)
    table = result.label_table
    known, supported = (table.training > 0) | (table.support > 0), table.support > 0
    assert 0 < supported.sum() < known.sum() < len(table)
    expected = [
        table.f1[known].mean(),
        table.f1[supported].mean(),
        table.precision[known].mean(),
        table.recall[known].mean(),
    ]
    assert list(result.values.values()) == pytest.approx(expected, abs=1e-12)


def test_the_report_as_json() -> None:
    read = json.loads(json.dumps(RESULT.to_dict(), allow_nan=False))
    assert read["P@1"] == pytest.approx(2 / 3)
    assert (read["documents"], read["labels"], read["labels_in_test"], read["positives"]) == (3, 5, 4, 5)
    assert (read["unseen_labels"], read["unseen_positives"], read["documents_without_labels"]) == (1, 1, 0)
    assert read["propensity"] == {"a": 0.55, "b": 1.5}
    assert read["cuts"] == [10, 100]
    assert read["label_sets"] == "top 2"
    assert read["lower_bounds"] == ["LRAP"]
    assert read["training_documents"] == 130
    low, high = read["intervals"]["P@1"]
    assert low <= read["P@1"] <= high
    assert read["groups"]["torso"]["P@1"] == 0.0
    assert read["groups"]["torso"]["documents"] == 1
    assert "label_table" not in read
    assert len(RESULT.to_dict(labels=True)["label_table"]) == 4


def test_the_report_as_text() -> None:
    text = str(RESULT)
    lines = text.splitlines()
    assert lines[0].split() == ["metric", "(%)", "all", "95%", "interval", "head", "torso", "tail", "unseen"]
    row = next(line for line in lines if line.startswith("P@1"))
    assert row.split()[1] == "66.67"
    assert next(line for line in lines if line.startswith("test positives")).split()[2:] == ["5", "2", "1", "1", "1"]
    for said in (
        "3 documents; 5 labels; label sets: top 2; lists of 2",
        "head >= 100, torso 10-99, tail 1-9, unseen 0",
        "A = 0.55, B = 1.5",
        "1 positives of 1 labels that training never saw count as truth",
        "lower bounds, as lists hold 2 labels only: LRAP",
    ):
        assert said in text
    assert len({len(line) for line in lines[2:6]}) == 1
    assert text == RESULT.table()


def test_what_was_dropped_on_reading_is_reported() -> None:
    result = evaluate(TOPK, replace(CORPUS, dropped_labels=7), metrics=["P@1"], n_bootstrap=0)
    assert result.to_dict()["dropped_labels"] == 7
    assert "7 positives of unknown labels were dropped on reading" in str(result)
    assert "dropped" not in str(RESULT)


def test_without_groups_there_is_one_column() -> None:
    result = evaluate(TOPK, CORPUS, metrics=["P@1"], n_bootstrap=0, groups=False)
    assert str(result).splitlines()[0].split() == ["metric", "(%)", "all"]
    assert result.to_dict()["groups"] == {}


def test_lists_that_hold_all_labels_give_no_lower_bounds() -> None:
    topk = TopK.from_dense(np.random.default_rng(0).random((3, 4)).astype(np.float32), 4, labels=SPACE)
    corpus = Corpus(["", "", ""], csr_matrix(np.eye(3, 4, dtype=bool)), SPACE)
    assert evaluate(topk, corpus, metrics=["LRAP"], n_bootstrap=0).lower_bounds == []


def test_values_by_name() -> None:
    assert RESULT["p@1"] == RESULT.values["P@1"]
    with pytest.raises(KeyError):
        RESULT["P@2"]
    with pytest.raises(ConfigError):
        RESULT["Q@2"]
    assert "indices" not in repr(RESULT)
