"""Label sets that agree with a hierarchy."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from manylabel.core.errors import ConfigError, InputError
from manylabel.core.labels import LabelSpace
from manylabel.core.topk import TopK
from manylabel.decide import METHODS
from manylabel.decide.examples import Examples


def new(**options):
    return METHODS.load("hierarchy")(METHODS.section("hierarchy").parse(options, source="hierarchy"))


@pytest.fixture(scope="module")
def graph(make_examples):
    """Thirty labels, most with one or two parents among those before them, one with a parent outside."""
    rng = np.random.default_rng(0)
    parents = [tuple(f"l{j}" for j in np.unique(rng.integers(0, i, 1 + i % 2))) if i > 3 else () for i in range(30)]
    parents[1] = ("elsewhere",)
    return make_examples(300, 30, k=8, parents=parents)


def ancestors_by_hand(labels):
    known = {name: set() for name in labels.names}
    for name, parents in zip(labels.names, labels.parents, strict=True):
        stack = list(parents)
        while stack:
            parent = stack.pop()
            if parent in known and parent not in known[name]:
                known[name].add(parent)
                stack.extend(labels.parents[labels.index(parent)])
    return known


@pytest.mark.parametrize("base", ["global", "per-label", "per-frequency", {"kind": "top-n", "n": 3}])
@pytest.mark.parametrize("consistency", ["raise", "lower"])
def test_sets_are_closed_and_scores_bounded(graph, base, consistency):
    method = new(base=base, consistency=consistency).fit(graph)
    sets = method.decide(graph.topk)
    assert sets.has_sorted_indices
    assert sets.nnz > 0
    known = ancestors_by_hand(graph.labels)
    names = graph.labels.names
    for row in range(300):
        own = {names[j] for j in sets.indices[sets.indptr[row] : sets.indptr[row + 1]]}
        assert all(known[name] <= own for name in own)
    scores = method.consistent(graph.topk)
    scores.validate(30)
    for row in range(0, 300, 7):
        of = {names[j]: s for j, s in zip(scores.indices[row], scores.scores[row], strict=True) if j >= 0}
        for name, score in of.items():
            assert all(of[parent] >= score for parent in known[name] if parent in of)
            if consistency == "raise":
                assert known[name] <= set(of)


def test_raising_adds_what_the_base_decided_and_lowering_takes_away(graph):
    base = METHODS.load("fixed")(METHODS.section("fixed").parse({"threshold": 0.4}, source="")).fit(graph)
    plain = base.decide(graph.topk)
    raised = new(base={"kind": "fixed", "threshold": 0.4}).fit(graph).decide(graph.topk)
    lowered = new(base={"kind": "fixed", "threshold": 0.4}, consistency="lower").fit(graph).decide(graph.topk)
    assert (plain > raised).nnz == 0
    assert (lowered > plain).nnz == 0
    assert lowered.nnz < plain.nnz < raised.nnz
    ancestors = new().ancestors(graph.labels)
    expected = (plain + plain @ ancestors).astype(bool)
    assert (expected != raised).nnz == 0


def test_a_circle_of_parents_ends():
    labels = LabelSpace(["a", "b", "c"], parents=[("b",), ("a",), ("a",)], counts=np.array([3, 3, 3]), n_documents=9)
    topk = TopK(np.array([[2]], np.int32), np.float32([[0.9]]), "probability", labels)
    method = new(base="fixed").fit(Examples.of(topk, csr_matrix([[False, False, True]])))
    assert method.decide(topk).toarray().tolist() == [[True, True, True]]
    assert method.ancestors(labels).diagonal().tolist() == [False, False, False]


def test_labels_without_parents_are_refused(make_examples):
    with pytest.raises(InputError, match="no label has a parent"):
        new().fit(make_examples(20, 4))


@pytest.mark.parametrize("base", ["hierarchy", {"kind": "risk-control", "targets": ["recall>=0.9"]}])
def test_bases_that_make_no_sense_are_refused(base):
    with pytest.raises(ConfigError, match="cannot be the base"):
        METHODS.section("hierarchy").parse({"base": base}, source="")


def test_the_calibration_of_the_base_comes_first():
    section = METHODS.section("hierarchy").parse({"base": "expected-f1"}, source="")
    assert section.calibration.kind == "isotonic"
    again = METHODS.section("hierarchy").parse({"base": "expected-f1", "calibration": "platt"}, source="")
    assert again.calibration.kind == "platt"
