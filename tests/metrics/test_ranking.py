"""Metrics of rankings on cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.metrics.evaluate import evaluate
from manylabel.metrics.propensity import inverse_propensities


def judge(lists: list[list[int]], truth: list[set[int]], counts: list[int], **options):
    space = LabelSpace([str(i) for i in range(len(counts))], counts=np.array(counts), n_documents=1000)
    indices = np.array(lists, dtype=np.int32)
    scores = np.where(indices >= 0, np.linspace(1, 0.6, indices.shape[1]), -np.inf).astype(np.float32)
    matrix = np.array([[label in labels for label in range(len(counts))] for labels in truth])
    corpus = Corpus([""] * len(truth), csr_matrix(matrix), space)
    return evaluate(TopK(indices, scores, labels=space), corpus, n_bootstrap=0, **options)


def test_a_list_by_hand() -> None:
    # Hits at ranks 1 and 3 of five true labels.
    names = ["P@3", "R@3", "RP@3", "nDCG@3", "hit@1", "hit@2", "LRAP", "coverage@3"]
    values = judge([[0, 5, 1]], [{0, 1, 2, 3, 4}], [9] * 6, metrics=names, groups=False).values
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    expected = [2 / 3, 2 / 5, 2 / 3, 1.5 / ideal, 1, 1, (1 + 2 / 3) / 5, 2 / 5]
    assert list(values.values()) == pytest.approx(expected, abs=1e-12)


def test_fewer_predictions_than_k_are_misses() -> None:
    values = judge(
        [[0, -1, -1], [-1, -1, -1]], [{0}, {1}], [9, 9], metrics=["P@3", "R@3", "nDCG@3"], groups=False
    ).values
    assert list(values.values()) == pytest.approx([1 / 6, 1 / 2, 1 / 2], abs=1e-12)


def test_precision_of_a_group_is_over_its_own_predictions() -> None:
    # Head labels 0 and 1, tail labels 2 and 3. Second document: a wrong tail label, although it has no tail truth.
    result = judge([[0, 2, 3], [2, 0, 1]], [{0, 2}, {0, 1}], [100, 100, 9, 1], metrics=["P@3", "R@3"])
    assert result["P@3"] == pytest.approx(4 / 6)
    assert result.groups["tail"].values == pytest.approx({"P@3": 1 / 3, "R@3": 1.0})
    assert result.groups["head"].values == pytest.approx({"P@3": 1.0, "R@3": 1.0})
    assert (result.groups["tail"].documents, result.groups["head"].documents) == (1, 2)


def test_ranks_of_a_group_are_those_of_the_whole_list() -> None:
    result = judge([[0, 1]], [{0, 1}], [100, 1], metrics=["nDCG@2", "LRAP", "R@1"])
    tail = result.groups["tail"].values
    assert tail["nDCG@2"] == pytest.approx(1 / math.log2(3))
    assert tail["LRAP"] == pytest.approx(1 / 2)
    assert tail["R@1"] == 0.0


def test_a_true_label_that_training_never_saw_is_a_miss() -> None:
    known = LabelSpace(["a", "b"], counts=np.array([3, 3]), n_documents=6)
    topk = TopK(np.array([[0, 1]], np.int32), np.array([[0.9, 0.8]], np.float32), labels=known)
    corpus = Corpus.from_texts(["x"], [["a", "new"]], space=known)
    result = evaluate(topk, corpus, metrics=["R@2", "RP@2", "micro-recall", "macro-recall-supported"], n_bootstrap=0)
    assert list(result.values.values()) == [0.5] * 4
    assert (result.basis.unseen_labels, result.basis.unseen_positives) == (1, 1)
    assert result.groups["unseen"].values == dict.fromkeys(result.values, 0.0)
    assert "1 positives of 1 labels that training never saw" in str(result)


def test_inverse_propensities_by_hand() -> None:
    scale = (math.log(1000) - 1) * 2.5**0.55
    assert inverse_propensities(np.array([0, 1, 100]), 1000) == pytest.approx(
        [1 + scale * 1.5**-0.55, 1 + scale * 2.5**-0.55, 1 + scale * 101.5**-0.55], rel=1e-14
    )
    assert inverse_propensities(np.array([0, 1, 100]), 1000, 0.6, 2.6)[1] == pytest.approx(math.log(1000), rel=1e-14)
    assert (inverse_propensities(np.array([0, 1]), 2) == 1).all()


def test_psp_is_a_ratio_of_sums_not_a_mean_of_ratios() -> None:
    w = inverse_propensities(np.array([100, 1]), 1000)
    result = judge([[0], [0]], [{0, 1}, {1}], [100, 1], metrics=["PSP@1", "PSnDCG@1"])
    assert list(result.values.values()) == pytest.approx([w[0] / (2 * w[1])] * 2, abs=1e-12)
    assert result.groups["head"].values["PSP@1"] == 1.0


def test_the_best_psp_takes_the_rarest_labels() -> None:
    w = inverse_propensities(np.array([100, 10, 1]), 1000)
    result = judge([[0, 1]], [{0, 1, 2}], [100, 10, 1], metrics=["PSP@2", "PSnDCG@2"])
    assert result["PSP@2"] == pytest.approx((w[0] + w[1]) / (w[2] + w[1]), abs=1e-12)
    d = 1 / math.log2(3)
    assert result["PSnDCG@2"] == pytest.approx((w[0] + d * w[1]) / (w[2] + d * w[1]), abs=1e-12)


@pytest.mark.parametrize(("a", "b"), [(-0.1, 1.5), (0.5, 0.0), (float("nan"), 1.5), (0.5, float("inf"))])
def test_constants_out_of_range_are_refused(a: float, b: float) -> None:
    with pytest.raises(ConfigError, match="B must be positive"):
        inverse_propensities(np.array([1]), 10, a, b)
