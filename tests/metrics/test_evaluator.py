"""What is refused, with which words, and what label sets are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from metric_cases import make_case
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError, ManylabelError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics.evaluate import evaluate
from manylabel.metrics.evaluator import Evaluator
from manylabel.metrics.settings import Settings

CASE = make_case(5, n=8, n_model=6, k=4)
BARE = LabelSpace(CASE.topk.labels.names)


def refused(
    expected: type[ManylabelError] = InputError, topk: TopK = CASE.topk, corpus: Corpus = CASE.corpus, **options
) -> str:
    with pytest.raises(expected) as caught:
        evaluate(topk, corpus, **{"n_bootstrap": 0, "metrics": ["P@1"], **options})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_list_too_short_for_a_metric() -> None:
    assert "P@10 needs lists of at least 10 labels, these hold 4 (predict with k=10" in refused(metrics=["R@4", "P@10"])
    assert "R@5 needs lists of at least 5 labels, these hold 4" in refused(metrics=["R@5"])
    assert "top_n needs lists of at least 9 labels" in refused(top_n=9)


def test_no_training_counts() -> None:
    topk = replace(CASE.topk, labels=BARE)
    assert "groups by label frequency need it" in refused(topk=topk)
    assert "pass groups=False" in refused(topk=topk)
    message = refused(topk=topk, metrics=["P@1", "PSP@3", "PSnDCG@1"], groups=False)
    assert "PSP@3, PSnDCG@1 need it" in message
    assert evaluate(topk, CASE.corpus, metrics=["P@1", "macro-F1"], groups=False).basis.unseen_labels is None


def test_counts_known_to_the_corpus_serve_as_well() -> None:
    names = list(CASE.topk.labels.names)
    space = LabelSpace(names[::-1], counts=CASE.topk.labels.counts[::-1], n_documents=700)
    corpus = Corpus(CASE.corpus.texts, csr_matrix(CASE.truth[:, ::-1]), space)
    with_counts = evaluate(replace(CASE.topk, labels=BARE), corpus, metrics=["PSP@3"], n_bootstrap=0)
    plain = evaluate(CASE.topk, CASE.corpus, metrics=["PSP@3"], n_bootstrap=0)
    assert with_counts.to_dict() == plain.to_dict()


def test_nothing_to_evaluate() -> None:
    empty = np.zeros(0, dtype=int)
    assert "there are no documents to evaluate" in refused(topk=CASE.topk[empty], corpus=CASE.corpus.select(empty))
    none = Corpus([""] * 8, csr_matrix((8, 6), dtype=bool), CASE.topk.labels)
    for policy in ("skip", "zero"):
        assert "no document has a label" in refused(corpus=none, empty=policy)


def test_label_spaces_without_a_common_label() -> None:
    other = Corpus([""] * 8, csr_matrix(np.ones((8, 2), dtype=bool)), LabelSpace(["y", "z"]))
    message = refused(corpus=other)
    assert "6 labels such as 'm0', 'm1', 'm2'" in message
    assert "2 labels such as 'y', 'z': no label in common" in message


def test_predictions_of_other_documents() -> None:
    assert "7 predictions for 8 documents" in refused(topk=CASE.topk[:7])
    evaluator = Evaluator(CASE.topk.labels, Settings(metrics=["P@1"]), test_labels=CASE.corpus.labels)
    with pytest.raises(InputError, match="7 predictions for 8 documents"):
        evaluator.update(CASE.topk[:7], CASE.corpus.positives)


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([[0, 1], [2, 3], [4, 4]], "prediction 2: a label stands twice in a row"),
        ([[0, 6], [2, 3], [4, 5]], "prediction 0: label index out of range"),
        ([[0, 1], [-1, 3], [4, 5]], "prediction 1: padding must stand at the end of a row"),
    ],
)
def test_damaged_lists(indices: list[list[int]], message: str) -> None:
    scores = np.full((3, 2), 0.5, np.float32)
    topk = TopK(np.array(indices, np.int32), scores, labels=CASE.topk.labels)
    assert message in refused(topk=topk, corpus=CASE.corpus.select(np.arange(3)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 0.5, "top_n": 3}, "give one of them"),
        ({"threshold": float("nan")}, "threshold is not a number"),
        ({"top_n": 0}, "top_n 0: must be at least 1"),
        ({"confidence": 1.0}, "confidence 1.0: must lie between 0 and 1"),
        ({"n_bootstrap": -1}, "must not be negative"),
        ({"seed": -1}, "must not be negative"),
        ({"empty": "drop"}, "known are skip and zero"),
        ({"propensity_b": 0.0}, "B must be positive"),
        ({"cuts": (5,)}, "expected two numbers"),
        ({"metrics": ["P@1", "precison@1"]}, "unknown metric 'precison@1'"),
    ],
)
def test_options_out_of_range(options: dict, message: str) -> None:
    assert message in refused(ConfigError, **options)


def test_label_sets_that_do_not_fit() -> None:
    sets = csr_matrix(CASE.sets)
    assert "label sets are given: leave threshold and top_n out" in refused(label_sets=sets, top_n=1)
    assert "label sets (8, 5), expected (8, 6)" in refused(label_sets=sets[:, :5])


def test_batches_that_do_not_belong_together() -> None:
    evaluator = Evaluator(CASE.topk.labels, Settings(metrics=["P@1"]), test_labels=CASE.corpus.labels)
    evaluator.update(CASE.topk, CASE.corpus.positives)
    with pytest.raises(InputError, match=r"lists of 2 and label sets score >= .+, after lists of 4"):
        evaluator.update(CASE.topk.head(2), CASE.corpus.positives)
    with pytest.raises(InputError, match="label sets score >= 0, after lists"):
        evaluator.update(replace(CASE.topk, kind="margin"), CASE.corpus.positives)
    with pytest.raises(InputError, match="over other labels"):
        evaluator.update(replace(CASE.topk, labels=LabelSpace(list("abcdef"))), CASE.corpus.positives)


def test_shards_that_do_not_belong_together() -> None:
    one = Evaluator(CASE.topk.labels, Settings(metrics=["P@1"]), test_labels=CASE.corpus.labels)
    one.update(CASE.topk, CASE.corpus.positives)
    with pytest.raises(InputError, match="different labels or settings"):
        one.merge(Evaluator(CASE.topk.labels, Settings(metrics=["P@2"]), test_labels=CASE.corpus.labels))
    with pytest.raises(InputError, match="different labels or settings"):
        one.merge(Evaluator(LabelSpace(["m0"], counts=np.array([1])), Settings(metrics=["P@1"])))
    other = Evaluator(CASE.topk.labels, Settings(metrics=["P@1"]), test_labels=CASE.corpus.labels)
    other.update(CASE.topk.head(2), CASE.corpus.positives)
    with pytest.raises(InputError, match="lists of 2"):
        one.merge(other)
    empty = Evaluator(CASE.topk.labels, Settings(metrics=["P@1"]), test_labels=CASE.corpus.labels)
    assert one.merge(empty).result().values == empty.merge(one).result().values


def sets_of(scores: list[float], kind: str, **options) -> tuple[float, str]:
    space = LabelSpace([str(i) for i in range(len(scores))], counts=np.full(len(scores), 5), n_documents=9)
    topk = TopK(np.arange(len(scores), dtype=np.int32)[None], np.array([scores], np.float32), kind, space)
    corpus = Corpus([""], csr_matrix(np.ones((1, len(scores)), dtype=bool)), space)
    result = evaluate(topk, corpus, metrics=["micro-recall"], n_bootstrap=0, **options)
    return round(result["micro-recall"] * len(scores)), result.basis.label_sets


def test_label_sets_by_rule() -> None:
    assert sets_of([0.9, 0.5, 0.4], "probability") == (2, "score >= 0.5")
    assert sets_of([2.0, 0.0, -0.1], "margin") == (2, "score >= 0")
    said = "score >= 0.5, of no meaning for similarities: fit a decision (manylabel decide)"
    assert sets_of([0.9, 0.5, -0.4], "similarity") == (2, said)
    assert sets_of([0.9, 0.5, -0.4], "similarity", threshold=0.6) == (1, "score >= 0.6")
    assert sets_of([0.9, 0.5, 0.1], "probability", threshold=0.1) == (3, "score >= 0.1")
    assert sets_of([0.9, 0.5, 0.1], "probability", top_n=1) == (1, "top 1")


def test_label_sets_that_end_with_the_list_are_counted() -> None:
    space = LabelSpace(list("abc"), counts=np.array([5, 5, 5]), n_documents=9)
    scores = np.array([[0.9, 0.6], [0.9, 0.4]], np.float32)
    topk = TopK(np.array([[0, 1], [0, 1]], np.int32), scores, labels=space)
    corpus = Corpus(["", ""], csr_matrix(np.ones((2, 3), dtype=bool)), space)
    result = evaluate(topk, corpus, metrics=["micro-F1"])
    assert result.basis.cut_sets == 1
    assert "1 label sets end with the list of 2" in str(result)
    assert evaluate(topk, corpus, metrics=["micro-F1"], top_n=2).basis.cut_sets == 0


def test_documents_without_truth_count_as_wrong_where_asked() -> None:
    space = LabelSpace(["a", "b"], counts=np.array([5, 5]), n_documents=9)
    topk = TopK(np.array([[0], [1], [-1]], np.int32), np.array([[0.9], [0.9], [-np.inf]], np.float32), labels=space)
    corpus = Corpus([""] * 3, csr_matrix(np.array([[1, 0], [0, 0], [0, 0]], dtype=bool)), space)
    names = ["P@1", "R@1", "PSP@1", "micro-precision", "example-F1", "hamming"]
    skip = evaluate(topk, corpus, metrics=names, n_bootstrap=0)
    zero = evaluate(topk, corpus, metrics=names, n_bootstrap=0, empty="zero")
    assert list(skip.values.values()) == [1, 1, 1, 1, 1, 0]
    # The third document has neither truth nor label set: its F1 is 1 by convention.
    assert list(zero.values.values()) == pytest.approx([1 / 3, 1 / 3, 1, 1 / 2, 2 / 3, 1 / 6])
    assert (skip.basis.documents, zero.basis.documents) == (1, 3)
    assert "2 without labels left out" in str(skip)
    assert "2 without labels counted" in str(zero)


def test_predictions_without_a_label_space_refer_to_that_of_the_corpus() -> None:
    topk = replace(CASE.topk, labels=None)
    corpus = Corpus(CASE.corpus.texts, csr_matrix(CASE.truth), CASE.topk.labels)
    assert (
        evaluate(topk, corpus, n_bootstrap=0, metrics=["P@1"]).values
        == evaluate(CASE.topk, CASE.corpus, n_bootstrap=0, metrics=["P@1"]).values
    )
