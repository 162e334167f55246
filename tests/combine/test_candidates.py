"""The candidates of documents against putting them together by hand."""

import numpy as np
import pytest
from worlds import fitted, query, world

from manylabel.combine.candidates import Candidates, feature_names, gather
from manylabel.combine.label_facts import FACTS, LabelFacts, depths
from manylabel.combine.selection import best_candidates
from manylabel.combine.source import Query
from manylabel.core.labels import LabelSpace

NAMES = {"tree": "model", "memory": "memory", "text": "label-text", "near": "neighbours"}


@pytest.fixture(scope="module")
def gathered():
    sources = {name: fitted(kind) for name, kind in NAMES.items()}
    known, positives, labels, asked, _ = world()
    return sources, gather(sources, Query(asked), LabelFacts.of(labels, positives)), len(known)


def test_every_proposal_is_a_candidate_once(gathered):
    sources, candidates, _ = gathered
    asked = query().documents
    earlier, proposed = {}, {}
    for name, source in sources.items():
        proposed[name] = source.propose(Query(asked, dict(earlier)))
        earlier[name] = proposed[name]
    columns = {name: i for i, name in enumerate(candidates.names)}
    assert candidates.names == feature_names(sources)
    for row in range(len(asked)):
        part = slice(int(candidates.indptr[row]), int(candidates.indptr[row + 1]))
        labels = candidates.labels[part].tolist()
        lists = {}
        for name, proposals in proposed.items():
            own = slice(int(proposals.indptr[row]), int(proposals.indptr[row + 1]))
            lists[name] = (proposals.labels[own].tolist(), proposals.values[own])
        assert labels == sorted({label for found, _ in lists.values() for label in found})
        for place, label in enumerate(labels):
            features = candidates.features[part][place]
            agreeing = 0
            for number, (name, (found, values)) in enumerate(lists.items()):
                assert candidates.found[part][place, number] == (label in found)
                if label in found:
                    agreeing += 1
                    rank = found.index(label)
                    assert features[columns[f"{name}.rank"]] == rank
                    assert features[columns[f"{name}.score"]] == pytest.approx(values[rank, 0], abs=1e-6)
                    assert features[columns[f"{name}.gap"]] == pytest.approx(values[0, 0] - values[rank, 0], abs=1e-6)
                else:
                    assert np.isnan(features[columns[f"{name}.rank"]])
                    complete = sources[name].complete(Query(asked), candidates.indptr, candidates.labels) is not None
                    assert np.isnan(features[columns[f"{name}.score"]]) == (not complete)
            assert features[columns["candidate.sources"]] == agreeing
            assert features[columns["document.features"]] == asked.features[row].nnz


def test_leaving_a_source_out(gathered):
    _, candidates, _ = gathered
    less = candidates.without("memory", 1)
    others = np.delete(candidates.found, 1, axis=1)
    assert len(less.labels) == others.any(axis=1).sum() < len(candidates.labels)
    assert not any(name.startswith("memory.") for name in less.names)
    assert (
        less.features[:, less.names.index("candidate.sources")].tolist()
        == others[others.any(axis=1)].sum(axis=1).tolist()
    )
    column, other = candidates.names.index("tree.score"), less.names.index("tree.score")
    np.testing.assert_array_equal(less.features[:, other], candidates.features[others.any(axis=1), column])


def test_select_concatenate_and_arrays(gathered):
    _, candidates, _ = gathered
    n = len(candidates)
    halves = [candidates.select(np.arange(n // 2)), candidates.select(np.arange(n // 2, n))]
    again = Candidates.from_arrays(Candidates.concatenate(halves).to_arrays(), candidates.names)
    for name in ("indptr", "labels", "features", "found"):
        assert getattr(again, name).tobytes() == getattr(candidates, name).tobytes()
    one = candidates.select(np.array([3, 3]))
    assert one.labels.tolist() == candidates.select(np.array([3])).labels.tolist() * 2


def test_facts_of_labels():
    labels = LabelSpace(list("abcd"), texts=["one two", None, "x", "y z w"], parents=[(), ("a",), ("b", "a"), ("d",)])
    positives = world()[1][:, :4]
    facts = LabelFacts.of(labels, positives)
    values = dict(zip(FACTS, facts.values.T, strict=True))
    counts = np.bincount(positives.indices, minlength=4)
    np.testing.assert_allclose(values["documents"], np.log1p(counts), rtol=1e-6)
    assert values["words"].tolist() == [2, 1, 1, 3]
    assert values["depth"].tolist() == [0, 1, 1, 0]  # d is its own parent
    assert (np.argsort(values["propensity"], kind="stable") == np.argsort(counts, kind="stable")).all()


def test_depth_counts_the_shortest_way_up():
    chain = LabelSpace(list("abcde"), parents=[(), ("a",), ("b",), ("c", "a"), ("e",)])
    assert depths(chain.hierarchy).tolist() == [0, 1, 2, 1, 0]


def test_the_best_candidates(gathered):
    _, candidates, _ = gathered
    labels = world()[2]
    scores = np.random.default_rng(0).integers(0, 5, len(candidates.labels)).astype(np.float32)
    top = best_candidates(candidates, scores, 4, labels)
    top.validate(len(labels))
    for row in range(len(candidates)):
        part = slice(int(candidates.indptr[row]), int(candidates.indptr[row + 1]))
        order = sorted(zip(-scores[part], candidates.labels[part], strict=True))[:4]
        assert [int(label) for _, label in order] == [label for label in top.indices[row].tolist() if label >= 0]
