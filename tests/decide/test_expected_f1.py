"""The expected F1 of a document, against enumeration of all that may be true."""

from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.core.errors import InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.decide.examples import Examples
from manylabel.decide.methods.expected_f1 import ExpectedF1
from manylabel.decide.methods.expected_f1_config import ExpectedF1Config


def enumerated(p, size, missing):
    """E[F1] of the first labels over all 2^n truths."""
    total = 0.0
    for outcome in product((0, 1), repeat=len(p)):
        chance = np.prod([q if true else 1 - q for q, true in zip(p, outcome, strict=True)])
        true = sum(outcome)
        if size + true + missing:
            total += chance * 2 * sum(outcome[:size]) / (size + true + missing)
        else:
            total += chance
    return total


@pytest.mark.parametrize("seed", range(20))
def test_the_size_is_that_of_the_largest_expectation(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    p = np.sort(rng.beta(0.7, 1.2, n))[::-1].astype(np.float32)
    missing = float(seed % 3) / 2
    may_be_empty = seed % 2 == 0 and missing == 0
    values = [enumerated(p, size, missing) for size in range(n + 1)]
    if not may_be_empty:
        values[0] = 0.0
    method = ExpectedF1(ExpectedF1Config())
    method.restore({}, {"true_labels_outside_lists": missing, "may_be_empty": may_be_empty})
    labels = LabelSpace([f"l{i}" for i in range(n)])
    topk = TopK(np.arange(n, dtype=np.int32)[None], p[None], "probability", labels)
    assert method.decide(topk).nnz == int(np.argmax(values))


def test_the_best_set_of_calibrated_scores_beats_any_fixed_threshold(make_examples):
    from manylabel.decide import METHODS
    from manylabel.decide.measured import measure

    examples = make_examples(4000, 25, seed=1)
    method = ExpectedF1(ExpectedF1Config()).fit(examples)
    ours = measure(examples, method.decide(examples.topk), ("example-F1",))["example-F1"]
    best = METHODS.load("global")(METHODS.section("global").parse({"metric": "example-F1"}, source="")).fit(examples)
    assert ours > best.facts["reached"] + 0.005


def test_order_of_the_list_does_not_matter_where_probabilities_cross():
    labels = LabelSpace(["a", "b"])
    topk = TopK(np.array([[0, 1]], np.int32), np.float32([[0.05, 0.9]]), "probability", labels)
    method = ExpectedF1(ExpectedF1Config())
    assert method.decide(topk).toarray().tolist() == [[False, True]]


def test_margins_are_refused_with_the_remedy(make_examples):
    with pytest.raises(InputError, match="calibration=isotonic"):
        ExpectedF1(ExpectedF1Config()).fit(make_examples(50, 5, kind="margin"))


def test_an_empty_set_needs_documents_without_labels():
    labels = LabelSpace(["a"], counts=np.array([5]), n_documents=9)
    topk = TopK(np.zeros((2, 1), np.int32), np.float32([[0.2], [0.2]]), "probability", labels)
    some = Examples.of(topk, csr_matrix([[True], [False]]))
    every = Examples.of(topk, csr_matrix([[True], [True]]))
    assert ExpectedF1(ExpectedF1Config()).fit(some).decide(topk).nnz == 0
    assert ExpectedF1(ExpectedF1Config()).fit(every).decide(topk).nnz == 2
