"""Every metric, over all labels and by group, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from metric_cases import Case, all_metrics, cases
from naive_metrics import NAIVE, Doc, Seen, inverse_propensity
from scipy.sparse import csr_matrix

from manylabel.metrics import METRICS
from manylabel.metrics.evaluate import evaluate
from manylabel.metrics.names import parse_metric

RULES = st.sampled_from(["default", "threshold", "top_n", "given"])
A, B, CUTS = 0.6, 2.6, (10, 100)


def assigned_by(rule: str, case: Case, row: int) -> set[int]:
    listed = [
        (int(label), float(score))
        for label, score in zip(case.topk.indices[row], case.topk.scores[row], strict=True)
        if label >= 0
    ]
    if rule == "given":
        return set(np.flatnonzero(case.sets[row]).tolist())
    if rule == "top_n":
        return {label for label, _ in listed[:1]}
    return {label for label, score in listed if score >= (0.5 if rule == "default" else -0.25)}


def documents(case: Case, rule: str, empty: str) -> list[Doc]:
    docs = []
    for row, list_ in enumerate(case.topk.indices):
        ranked = [int(label) for label in list_ if label >= 0]
        scores = case.topk.scores[row, : len(ranked)].tolist()
        docs.append(Doc(ranked, scores, set(np.flatnonzero(case.truth[row]).tolist()), assigned_by(rule, case, row)))
    return [doc for doc in docs if doc.true or empty == "zero"]


def options_of(rule: str, case: Case) -> dict:
    return {
        "default": {},
        "threshold": {"threshold": -0.25},
        "top_n": {"top_n": 1},
        "given": {"label_sets": csr_matrix(case.sets)},
    }[rule]


def test_the_reference_has_every_metric() -> None:
    assert set(NAIVE) == set(METRICS)


@settings(max_examples=500, deadline=None)
@given(case=cases(), rule=RULES, empty=st.sampled_from(["skip", "zero"]), data=st.data())
def test_every_metric_equals_the_naive_reference(case: Case, rule: str, empty: str, data: st.DataObject) -> None:
    assume(case.truth.any())
    names = all_metrics(data.draw(st.integers(1, case.topk.k)))
    result = evaluate(
        case.topk,
        case.corpus,
        metrics=names,
        empty=empty,
        propensity_a=A,
        propensity_b=B,
        cuts=CUTS,
        n_bootstrap=0,
        **options_of(rule, case),
    )
    docs = documents(case, rule, empty)
    # The joint label space: labels that only the test part knows follow those of the model.
    counts = dict(enumerate(case.counts.tolist()))
    trained = {label for label, count in counts.items() if count}
    weight = {label: inverse_propensity(count, case.n_training, A, B) for label, count in counts.items()}
    members = {
        "head": {label for label, count in counts.items() if count >= 100},
        "torso": {label for label, count in counts.items() if 10 <= count < 100},
        "tail": {label for label, count in counts.items() if 1 <= count < 10},
        "unseen": {label for label, count in counts.items() if count == 0},
    }
    for view, labels in {"all": set(counts), **members}.items():
        seen = Seen(docs, labels, view == "all", trained, weight)
        if view != "all" and not any(seen.true(doc) for doc in docs):
            assert set(result.groups[view].values.values()) == {None}
            continue
        found = result.values if view == "all" else result.groups[view].values
        for text in names:
            name = parse_metric(text)
            expected = NAIVE[name.entry](seen) if name.k is None else NAIVE[name.entry](seen, name.k)
            assert abs(found[text] - expected) <= 1e-12, (view, text)
            assert 0.0 <= found[text] <= 1.0 + 1e-12
