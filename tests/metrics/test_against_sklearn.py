"""Metrics that scikit-learn also has, on full lists without ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from metric_cases import Case, cases, make_case
from scipy.sparse import csr_matrix
from sklearn import metrics as sk

from manylabel.core.corpus import Corpus
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics.evaluate import evaluate


def dense_scores(case: Case) -> np.ndarray:
    scores = np.zeros(case.truth.shape)
    np.put_along_axis(scores, case.topk.indices, case.topk.scores, axis=1)
    return scores


@settings(max_examples=60, deadline=None)
@given(case=cases(full=True))
def test_metrics_of_rankings(case: Case) -> None:
    assume(case.truth.any(axis=1).all() and case.n_model > 1)
    k = min(3, case.n_model)
    scores = dense_scores(case)
    names = [f"nDCG@{k}", "LRAP", "macro-AUPRC", "micro-AUPRC"]
    result = evaluate(case.topk, case.corpus, metrics=names, groups=False, n_bootstrap=0)
    supported = case.truth.any(axis=0)
    assert result[f"nDCG@{k}"] == pytest.approx(sk.ndcg_score(case.truth, scores, k=k), abs=1e-10)
    assert result["LRAP"] == pytest.approx(sk.label_ranking_average_precision_score(case.truth, scores), abs=1e-10)
    macro = sk.average_precision_score(case.truth[:, supported], scores[:, supported], average="macro")
    micro = sk.average_precision_score(case.truth, scores, average="micro")
    assert result["macro-AUPRC"] == pytest.approx(macro, abs=1e-10)
    assert result["micro-AUPRC"] == pytest.approx(micro, abs=1e-10)
    assert result.lower_bounds == []


@settings(max_examples=60, deadline=None)
@given(case=cases(full=True))
def test_metrics_of_label_sets(case: Case) -> None:
    # scikit-learn takes a single column for a binary problem
    assume(case.truth.any(axis=1).all() and case.truth.any(axis=0).sum() > 1)
    kinds = ("precision", "recall", "F1")
    names = [f"{average}-{kind}" for average in ("micro", "macro", "example") for kind in kinds]
    names += [f"macro-{kind}-supported" for kind in kinds]
    result = evaluate(
        case.topk,
        case.corpus,
        metrics=[*names, "jaccard", "hamming"],
        label_sets=csr_matrix(case.sets),
        groups=False,
        n_bootstrap=0,
    )
    supported = case.truth.any(axis=0)
    for wanted, average, chosen in (
        ("micro-{}", "micro", slice(None)),
        ("macro-{}", "macro", supported | (case.counts > 0)),
        ("macro-{}-supported", "macro", supported),
        ("example-{}", "samples", slice(None)),
    ):
        expected = sk.precision_recall_fscore_support(
            case.truth[:, chosen].astype(int), case.sets[:, chosen].astype(int), average=average, zero_division=0
        )
        assert [result[wanted.format(kind)] for kind in kinds] == pytest.approx(expected[:3], abs=1e-10), wanted
    overlap = sk.jaccard_score(case.truth, case.sets, average="samples")
    assert result["jaccard"] == pytest.approx(overlap, abs=1e-10)
    assert result["hamming"] == pytest.approx(sk.hamming_loss(case.truth, case.sets), abs=1e-10)


def test_tied_scores_are_one_threshold() -> None:
    """scikit-learn takes tied scores together; a curve through the order of the list would depend on label indices."""
    case = make_case(3, n=60, n_model=6, k=6, full=True)
    scores = np.round(dense_scores(case), 1).astype(np.float32)
    order = np.lexsort((np.broadcast_to(np.arange(6), scores.shape), -scores), axis=1).astype(np.int32)
    tied = type(case.topk)(order, np.take_along_axis(scores, order, axis=1), labels=case.topk.labels)
    result = evaluate(tied, case.corpus, metrics=["macro-AUPRC", "micro-AUPRC"], n_bootstrap=0, empty="zero")
    macro = sk.average_precision_score(case.truth, scores, average="macro")
    micro = sk.average_precision_score(case.truth, scores, average="micro")
    assert result["macro-AUPRC"] == pytest.approx(macro, abs=1e-10)
    assert result["micro-AUPRC"] == pytest.approx(micro, abs=1e-10)


def test_zero_and_negative_zero_are_one_score() -> None:
    space = LabelSpace(["a"], counts=np.array([5]), n_documents=9)
    scores = np.array([0.0, -0.0, 0.0, -0.0], dtype=np.float32)[:, None]
    truth = np.array([[1], [1], [0], [0]], dtype=bool)
    topk = TopK(np.zeros((4, 1), np.int32), scores, labels=space)
    corpus = Corpus([""] * 4, csr_matrix(truth), space)
    result = evaluate(topk, corpus, metrics=["macro-AUPRC", "micro-AUPRC"], n_bootstrap=0, empty="zero")
    assert list(result.values.values()) == pytest.approx([sk.average_precision_score(truth, scores)] * 2, abs=1e-12)
