"""Fitted decisions: what they say of themselves, and that they survive the disk."""

import json

import numpy as np
import pytest

from manylabel.core.corpus import Corpus
from manylabel.core.errors import ConfigError, InputError, RunError
from manylabel.core.run_directory import RunDirectory, write_run
from manylabel.core.topk import TopK
from manylabel.decide import METHODS
from manylabel.decide.decision import FILE, Decision, fit_decision, fit_to, load_decision
from manylabel.decide.examples import Examples
from manylabel.decide.measured import measure

OPTIONS = {
    "risk-control": {"targets": ["head recall>=0.7", "torso precision>=0.3"]},
    "hierarchy": {"base": "per-label", "consistency": "lower"},
    "top-n": {"n": 2},
    "fixed": {"threshold": 0.3},
}


def section(kind, **more):
    return METHODS.section(kind).parse({**OPTIONS.get(kind, {}), **more}, source=kind)


@pytest.fixture(scope="module")
def examples(make_examples):
    parents = [(f"l{i // 2}",) if i else () for i in range(20)]
    return make_examples(2000, 20, k=10, parents=parents, seed=5)


CASES = [(kind, None) for kind in METHODS] + [(kind, "platt") for kind in METHODS if kind != "risk-control"]


@pytest.mark.parametrize(("kind", "calibration"), CASES)
def test_every_method_decides_the_same_after_the_disk(examples, tmp_path, kind, calibration):
    more = {} if calibration is None else {"calibration": calibration}
    decision = fit_to(section(kind, **more), examples)
    with write_run(tmp_path / "run") as writer:
        decision.write(writer)
    again = load_decision(tmp_path / "run")
    before, after = decision.decide(examples.topk), again.decide(examples.topk)
    assert before.dtype == bool
    assert before.shape == (2000, 20)
    assert 0 < before.nnz < 2000 * 20
    assert (before != after).nnz == 0
    assert again.describe() == decision.describe()
    assert again.kind == kind
    # Document by document gives the same as all at once.
    alone = [decision.decide(examples.topk[row : row + 1]).indices.tolist() for row in range(0, 2000, 200)]
    assert alone == [before[row].indices.tolist() for row in range(0, 2000, 200)]


@pytest.mark.parametrize("kind", list(METHODS))
def test_what_it_says_of_itself_holds_for_other_documents(make_examples, kind):
    parents = [(f"l{i // 2}",) if i else () for i in range(20)]
    fitted, others = (make_examples(4000, 20, k=10, parents=parents, seed=seed) for seed in (1, 2))
    decision = fit_to(section(kind), fitted)
    found = measure(others, decision.decide(others.topk), ("micro-F1", "macro-F1"))
    for name, value in found.values.items():
        assert decision.facts["metrics"][name] == pytest.approx(value, abs=0.03)
    assert decision.facts["documents"] == 4000


def test_lists_that_are_longer_are_cut(examples):
    decision = fit_to(section("global"), examples.with_topk(examples.topk.head(4)))
    assert decision.k == 4
    sets = decision.decide(examples.topk)
    assert (sets != decision.decide(examples.topk.head(4))).nnz == 0


def test_probabilities_of_scores(examples):
    decision = fit_to(section("global", calibration={"kind": "isotonic", "by": "all"}), examples)
    assert decision.scores(examples.topk).kind == "probability"
    assert decision.facts["calibration_error"]["after"] < 0.05
    assert decision.facts["reliability"]["all"]["ece"] == decision.facts["calibration_error"]["after"]
    assert "calibration error" in decision.describe()


def corpus_of(examples):
    return Corpus([""] * len(examples), examples.truth, examples.labels)


def test_from_python(examples):
    decision = fit_decision("per-label", examples.topk, corpus_of(examples), fbr=0.2)
    assert isinstance(decision, Decision)
    assert decision.method.config.fbr == 0.2
    with pytest.raises(ConfigError, match="did you mean 'per-label'"):
        fit_decision("per-lable", examples.topk, corpus_of(examples))
    with pytest.raises(ConfigError, match="fbr"):
        fit_decision("per-label", examples.topk, corpus_of(examples), fbr=2)


def test_documents_without_labels_are_left_out_or_count(examples):
    truth = examples.truth.copy().tolil()
    truth[:1000] = False
    labelled = int((truth.tocsr().getnnz(axis=1) > 0).sum())
    corpus = Corpus([""] * 2000, truth.tocsr(), examples.labels)
    skipped, counted = (fit_decision("global", examples.topk, corpus, empty=empty) for empty in ("skip", "zero"))
    assert (skipped.facts["documents"], counted.facts["documents"]) == (labelled, 2000)
    assert counted.method.common > skipped.method.common


def test_nothing_to_learn_from_is_refused(examples):
    none = corpus_of(examples)
    with pytest.raises(InputError, match="no document has a label"):
        Examples.of(examples.topk, none.positives[:0].__class__((2000, 20), dtype=bool))
    with pytest.raises(InputError, match="10 predictions for 2000"):
        Examples.of(examples.topk[:10], none.positives)
    blank = TopK(np.full((2000, 3), -1, np.int32), np.full((2000, 3), -np.inf, np.float32), labels=examples.labels)
    with pytest.raises(InputError, match="gives no finite scores"):
        Examples.of(blank, none.positives)
    with pytest.raises(InputError, match="labels and training counts"):
        Examples.of(TopK(examples.topk.indices, examples.topk.scores), none.positives)


def changed(run, change):
    """Rewrite the decision of a run as another version might have."""
    directory = RunDirectory.open(run)
    content = directory.read_json(FILE)
    change(content)
    with directory.amend() as writer:
        writer.text(FILE, json.dumps(content))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content["method"].update(kind="oracle"), "does not know"),
        (lambda content: content["method"].update(option=1), "does not make a decision of this version"),
        (lambda content: content.pop("found"), "does not make a decision of this version"),
        (lambda content: content.update(k="many"), "does not make a decision of this version"),
    ],
)
def test_decisions_of_other_versions_are_refused_in_a_line(examples, tmp_path, change, said):
    with write_run(tmp_path / "run") as writer:
        fit_to(section("per-label"), examples).write(writer)
    changed(tmp_path / "run", change)
    with pytest.raises(RunError, match=said) as caught:
        load_decision(tmp_path / "run")
    assert "\n" not in str(caught.value)
